"""A materialised view that throws, behind a table that holds the batch already."""

import json

import pytest

from clickstream.names import DeadLetterReason
from sinks.clickhouse.writer import Writer
from tests.contract.clickhouse_sink.batches import batch_of, config, row
from tests.contract.clickhouse_sink.engine import Database

pytestmark = pytest.mark.net

REPAIRS = "CREATE TABLE repairs (date Date, cause String) ENGINE = MergeTree ORDER BY date"


@pytest.fixture
def with_view(database: Database) -> Database:
    """The table with its days under the name that repairs go by, and a view that throws at n = 50."""
    database.query("ALTER TABLE t ADD COLUMN date Date ALIAS day")
    database.query("CREATE TABLE counted (n Int64) ENGINE = MergeTree ORDER BY n")
    database.query("CREATE MATERIALIZED VIEW broken TO counted AS SELECT n + throwIf(n = 50) AS n FROM t")
    database.query(REPAIRS)
    return database


def test_nothing_is_doubled_the_culprit_is_named_and_the_days_are_noted(with_view: Database) -> None:
    rows = [row(n, day=f"2026-01-{n % 3 + 10}") for n in range(40, 60)]
    with Writer(config(with_view.url(), repairs="repairs")) as writer:
        report = writer.write(batch_of(rows))
        assert writer.write(batch_of([row(100)])).written == 1
    assert with_view.numbers("SELECT n FROM t WHERE n < 100 ORDER BY n") == list(range(40, 60))
    assert (report.found, report.written, report.dead) == (20, 0, [])
    (culprit,) = report.view_failures
    assert (culprit.index, culprit.reason, culprit.code) == (10, DeadLetterReason.VIEW_FAILED, 395)
    noted = with_view.rows("SELECT date, cause FROM repairs ORDER BY date")
    assert [each["date"] for each in noted] == ["2026-01-10", "2026-01-11", "2026-01-12"]
    assert all("broken" in each["cause"] for each in noted)


def test_rows_of_other_months_that_the_view_held_up_are_stored(with_view: Database) -> None:
    rows = [row(49, day="2026-01-10"), row(50, day="2026-02-10"), row(51, day="2026-03-10"), row(52, day="2026-03-11")]
    with Writer(config(with_view.url(), repairs="repairs")) as writer:
        report = writer.write(batch_of(rows))
    assert report.dead == []
    assert report.found + report.written == 4
    assert with_view.numbers("SELECT n FROM t ORDER BY n") == [49, 50, 51, 52]


def test_bad_rows_and_a_broken_view_together(with_view: Database) -> None:
    rows = [row(n) | ({"n": -n} if n in (45, 55) else {}) for n in range(40, 60)]
    with Writer(config(with_view.url(), repairs="repairs")) as writer:
        report = writer.write(batch_of(rows))
    assert sorted(dead.index for dead in report.dead) == [5, 15]
    assert [each.index for each in report.view_failures] == [10]
    assert report.written + report.found == 18
    assert sorted(with_view.numbers("SELECT _offset FROM t")) == [n for n in range(40, 60) if n not in (45, 55)]


@pytest.mark.parametrize(
    ("target", "select", "code"),
    [
        ("n Int64, CONSTRAINT small CHECK n < 100", "SELECT n FROM t", 469),
        ("n Int8", "SELECT text AS n FROM t", 6),
        ("n Enum8('1' = 1, '2' = 2)", "SELECT toString(n) AS n FROM t", 691),
    ],
)
def test_a_row_that_the_views_target_refuses_is_named(database: Database, target: str, select: str, code: int) -> None:
    database.query(f"CREATE TABLE `odd target` ({target}) ENGINE = MergeTree ORDER BY n")
    database.query(f"CREATE MATERIALIZED VIEW limited TO `odd target` AS {select}")
    database.query("ALTER TABLE t ADD COLUMN date Date ALIAS day")
    database.query(REPAIRS)
    tables = database.rows("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    forged = json.dumps({"text": "for table t ("})
    rows = [row(1, text="1"), row(500, text=forged), row(2, text="2")]
    with Writer(config(database.url(), repairs="repairs")) as writer:
        report = writer.write(batch_of(rows))
    assert (report.found, report.dead) == (3, [])
    assert [(each.index, each.code) for each in report.view_failures] == [(1, code)]
    assert sorted(database.numbers("SELECT n FROM t")) == [1, 2, 500]
    (noted,) = database.rows("SELECT date, cause FROM repairs")
    assert noted == {"date": "2026-01-15", "cause": f"view {database.name}.limited failed"}
    # What it was tried on leaves nothing behind.
    assert database.rows("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name") == tables


def test_a_view_whose_query_cannot_be_run_again_costs_no_row(database: Database) -> None:
    database.query("CREATE TABLE target (n Int64) ENGINE = MergeTree ORDER BY n")
    database.query("CREATE MATERIALIZED VIEW fickle TO target AS SELECT n + throwIf(n = 5) AS n FROM t")
    with Writer(config(database.url())) as writer:
        assert [each.index for each in writer.write(batch_of([row(5)])).view_failures] == [0]
        database.query("DROP VIEW fickle")
        assert writer.write(batch_of([row(6)])).written == 1
    assert database.numbers("SELECT n FROM t ORDER BY n") == [5, 6]
