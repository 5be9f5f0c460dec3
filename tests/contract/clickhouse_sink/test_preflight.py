"""What is asked of the servers before a job is submitted."""

import socket
from collections.abc import Callable, Iterator

import pytest

from clickstream.errors import ContractError
from devstack.clickhouse.faults import FaultProxy, Mode
from sinks.clickhouse import preflight as module
from sinks.clickhouse.preflight import Found, preflight
from tests.contract.clickhouse_sink.batches import config
from tests.contract.clickhouse_sink.engine import Database

pytestmark = pytest.mark.net


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where connections are refused: bound, so that no other program takes it, but nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_servers_that_are_as_they_should_be_are_passed_over_in_silence(databases: list[Database]) -> None:
    assert preflight(config(*(each.url() for each in databases))) == Found()


def test_a_server_that_is_away_is_told_and_no_error(databases: list[Database], nobody: str) -> None:
    (line,) = preflight(config(databases[0].url(), databases[1].url(nobody))).away
    assert line.startswith(f"ClickHouse at {nobody} does not answer (connection failed")
    assert "CODE_0" not in line


def test_a_server_that_hangs_counts_as_away(
    database: Database, make_proxy: Callable[[Database], FaultProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)
    proxy = make_proxy(database)
    proxy.set(Mode.HANG)
    (line,) = preflight(config(database.url(proxy.url))).away
    assert "no answer within 0.5 s" in line


def test_a_wrong_password_is_an_error_even_while_another_server_is_away(databases: list[Database], nobody: str) -> None:
    wrong = databases[0].url(password="guessed")
    with pytest.raises(ContractError, match="refuses user 'default'.*correct CLICKSTREAM_CLICKHOUSE_URLS") as failure:
        preflight(config(databases[1].url(nobody), wrong))
    assert "guessed" not in str(failure.value)


def test_a_missing_table_or_database_is_an_error(database: Database) -> None:
    with pytest.raises(ContractError, match=r"has no table test_\d+\.nowhere: run `clickstream migrate`"):
        preflight(config(database.url(), table="nowhere"))
    with pytest.raises(ContractError, match="has no database nowhere: run `clickstream migrate`"):
        preflight(config(database.url().replace(database.name, "nowhere")))


def test_a_table_that_remembers_no_inserts_is_an_error_that_says_how_to_change_it(databases: list[Database]) -> None:
    good, bad = databases[:2]
    bad.query("ALTER TABLE t RESET SETTING non_replicated_deduplication_window")
    with pytest.raises(ContractError, match="table test_.* remembers no inserts, so rows could be doubled") as failure:
        preflight(config(good.url(), bad.url()))
    bad.query(str(failure.value).rpartition("; ")[2])
    assert preflight(config(good.url(), bad.url())) == Found()
    bad.query("CREATE TABLE held AS t ENGINE = Memory")
    with pytest.raises(ContractError, match="its engine is Memory: take one of the MergeTree family"):
        preflight(config(bad.url(), table="held"))


def test_a_views_target_that_remembers_no_inserts_is_told(database: Database) -> None:
    kept = "ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100"
    database.query(f"CREATE TABLE kept (n Int64) {kept}")
    database.query("CREATE MATERIALIZED VIEW well TO kept AS SELECT n FROM t")
    database.query(f"CREATE MATERIALIZED VIEW inside (n Int64) {kept} AS SELECT n FROM t")
    assert preflight(config(database.url())) == Found()
    database.query("CREATE TABLE `odd ``target` (n Int64) ENGINE = MergeTree ORDER BY n")
    database.query("CREATE MATERIALIZED VIEW behind TO `odd ``target` AS SELECT n FROM kept")
    (line,) = preflight(config(database.url())).doubts
    assert f"`{database.name}`.`odd \\`target`, which view behind writes to, remembers no inserts" in line
    database.query(line.rpartition("; ")[2])
    assert preflight(config(database.url())) == Found()
    database.query("CREATE MATERIALIZED VIEW inner ENGINE = SummingMergeTree ORDER BY n AS SELECT n FROM t")
    (line,) = preflight(config(database.url())).doubts
    assert "which view inner writes to" in line
    database.query(line.rpartition("; ")[2])
    assert preflight(config(database.url())) == Found()
