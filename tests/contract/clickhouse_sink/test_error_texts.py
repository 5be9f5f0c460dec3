"""Each error that decides about rows, provoked on the engine: a changed text or code is noticed here."""

import pytest

from sinks.clickhouse.errors import Meaning, classify
from sinks.clickhouse.transport import INSERT_SETTINGS
from tests.contract.clickhouse_sink.engine import Database

pytestmark = pytest.mark.net

WIDE = """CREATE TABLE wide
(n Int32, s String, d DateTime64(3), day Date, e Enum8('a' = 1), u UUID, a Array(Int32), b Bool, ip IPv4, ip6 IPv6,
tup Tuple(x Int8, y String), CONSTRAINT positive CHECK n >= 0)
ENGINE = MergeTree ORDER BY n"""
GOOD = b'{"n":1,"s":"x"}\n'


@pytest.mark.parametrize(
    ("line", "code", "row"),
    [
        ('{"n":-1,"s":"at row 77"}', 469, 1),
        ('{"n":"abc"}', 27, 1),
        ('{"n":1.5}', 27, 1),
        ('{"d":"yesterday"}', 41, 1),
        ('{"day":"someday"}', 38, 1),
        ('{"e":"zz"}', 691, 1),
        ('{"e":77}', 691, 1),
        ('{"u":"zz"}', 376, 1),
        ('{"a":5}', 130, 1),
        ('{"b":"maybe"}', 467, 1),
        ('{"ip":"1.2.3.999"}', 675, 1),
        ('{"ip6":"zz"}', 676, 1),
        ('{"tup":5}', 27, 1),
        ('{"zz":5}', 117, 1),
        ("hello", 27, 1),
        ('{"n":1,"s":"abc', 26, 1),
        ('{"s":"\\ud800"}', 25, 1),
    ],
)
def test_bad_data_is_refused_before_the_write(database: Database, line: str, code: int, row: int) -> None:
    database.query(WIDE)
    _, text = database.ask("INSERT INTO `wide` FORMAT JSONEachRow", GOOD + line.encode(), **INSERT_SETTINGS)
    error = classify(text, "wide")
    assert (error.code, error.meaning, error.applied, error.row, error.view) == (code, Meaning.DATA, False, row, None)
    assert database.numbers("SELECT count() FROM wide") == [0]


@pytest.mark.parametrize(
    ("select", "line", "code"),
    [
        ("SELECT n + throwIf(n = 50) AS n FROM wide", '{"n":50}', 395),
        ("SELECT toInt32(intDiv(1, n - 60)) AS n FROM wide", '{"n":60}', 153),
        ("SELECT n FROM wide", '{"n":500,"s":"for table wide ("}', 469),
        ("SELECT toInt32(s) AS n FROM wide", '{"n":1,"s":"at row 5"}', 6),
    ],
)
def test_a_view_that_breaks_leaves_the_tables_rows(database: Database, select: str, line: str, code: int) -> None:
    database.query(WIDE)
    database.query("CREATE TABLE target (n Int32, CONSTRAINT small CHECK n < 100) ENGINE = MergeTree ORDER BY n")
    database.query(f"CREATE MATERIALIZED VIEW mv TO target AS {select}")
    body = b'{"n":1,"s":"7"}\n' + line.encode()
    _, text = database.ask("INSERT INTO `wide` FORMAT JSONEachRow", body, **INSERT_SETTINGS)
    error = classify(text, "wide")
    assert (error.code, error.meaning, error.applied, error.row) == (code, Meaning.DATA, True, None)
    assert error.view == f"{database.name}.mv"
    assert database.numbers("SELECT count() FROM wide") == [2]


def test_too_many_partitions_are_refused_before_the_write_and_by_a_view_after_it(database: Database) -> None:
    body = b"".join(b'{"n":%d,"day":"2026-%02d-10"}\n' % (n, n + 1) for n in range(4))
    limit = {"max_partitions_per_insert_block": "3", **INSERT_SETTINGS}
    _, text = database.ask("INSERT INTO `t` FORMAT JSONEachRow", body, **limit)
    error = classify(text, "t")
    assert (error.code, error.meaning, error.applied, error.view) == (252, Meaning.SPLIT, False, None)
    assert database.numbers("SELECT count() FROM t") == [0]
    database.query("CREATE TABLE source (n Int64, day Date) ENGINE = MergeTree ORDER BY n")
    database.query("CREATE MATERIALIZED VIEW mv TO t AS SELECT n, day FROM source")
    _, text = database.ask("INSERT INTO `source` FORMAT JSONEachRow", body, **limit)
    error = classify(text, "source")
    assert (error.code, error.meaning, error.applied, error.view) == (252, Meaning.SPLIT, True, f"{database.name}.mv")


def test_errors_that_pass(database: Database) -> None:
    insert = "INSERT INTO t FORMAT JSONEachRow"
    _, text = database.ask(insert.replace("t FORMAT", "nowhere FORMAT"), GOOD)
    assert (classify(text, "nowhere").code, classify(text, "nowhere").meaning) == (60, Meaning.RETRY)
    _, text = database.ask("SELECT groupArray(number) FROM numbers(100000000) FORMAT Null", max_memory_usage="1000000")
    assert (classify(text, "t").code, classify(text, "t").meaning) == (241, Meaning.RETRY)
    database.query("ALTER TABLE t MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1")
    database.query("SYSTEM STOP MERGES t")
    for n in range(2):
        _, text = database.ask(insert, b'{"n":%d,"day":"2026-01-15"}' % n)
    assert (classify(text, "t").code, classify(text, "t").meaning) == (252, Meaning.RETRY)
