"""What the platform's sink relies on: how inserts fail, what they leave behind, and what tokens remember."""

import re

import pytest
import requests

from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = pytest.mark.net

ROWS = '{"a": 1, "d": "2024-01-01"}\n{"a": 2, "d": "2024-02-01"}\n'


def post(server: ServerProcess, sql: str, data: str | None = None, **params: str) -> requests.Response:
    if data is None:
        return requests.post(server.url, params=params, data=sql)
    return requests.post(server.url, params={**params, "query": sql}, data=data)


def number(server: ServerProcess, sql: str) -> int:
    return int(post(server, sql).text)


@pytest.fixture
def events(server: ServerProcess, table: str) -> str:
    """A table with a constraint, and a view of it into <table>_sums that throws at 666; both remember tokens."""
    for sql in (
        f"CREATE TABLE {table} (a Int32, d Date, CONSTRAINT small CHECK a < 1000) ENGINE = MergeTree "
        "PARTITION BY toYYYYMM(d) ORDER BY a SETTINGS non_replicated_deduplication_window = 100",
        f"CREATE TABLE {table}_sums (d Date, n UInt64) ENGINE = SummingMergeTree ORDER BY d "
        "SETTINGS non_replicated_deduplication_window = 100",
        f"CREATE MATERIALIZED VIEW {table}_view TO {table}_sums AS "
        f"SELECT d, count() AS n FROM {table} WHERE throwIf(a = 666) = 0 GROUP BY d",
    ):
        assert post(server, sql).ok
    return table


def test_a_violated_constraint_names_row_and_values(server: ServerProcess, events: str) -> None:
    data = ROWS + '{"a": 5000, "d": "2024-01-01"}'
    answer = post(server, f"INSERT INTO {events} FORMAT JSONEachRow", data)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "469")
    assert "is violated at row 3. Expression: (a < 1000). Column values: a = 5000." in answer.text
    assert number(server, f"SELECT count() FROM {events}") == 0


@pytest.mark.parametrize("parallel", ["0", "1"])
def test_a_broken_row_is_named_and_nothing_is_inserted(server: ServerProcess, events: str, parallel: str) -> None:
    data = ROWS * 10000 + '{"a": "x", "d": "2024-01-01"}\n' + ROWS
    answer = post(server, f"INSERT INTO {events} FORMAT JSONEachRow", data, input_format_parallel_parsing=parallel)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "27")
    assert "(at row 20001)" in answer.text
    assert not re.search("/proc|INFILE|uri", answer.text)
    assert number(server, f"SELECT count() FROM {events}") == 0


def test_a_view_that_throws_leaves_the_row_in_the_table(server: ServerProcess, events: str) -> None:
    answer = post(server, f"INSERT INTO {events} FORMAT JSONEachRow", '{"a": 666, "d": "2024-01-01"}')
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")
    assert f"while pushing to view default.{events}_view" in answer.text
    assert number(server, f"SELECT count() FROM {events}") == 1
    assert number(server, f"SELECT count() FROM {events}_sums") == 0


def test_a_token_makes_a_retry_harmless_for_table_and_view(server: ServerProcess, events: str) -> None:
    insert = f"INSERT INTO {events} FORMAT JSONEachRow"
    setting = {"deduplicate_blocks_in_dependent_materialized_views": "1", "async_insert": "0"}
    for token in ("one", "one", "two", "one"):
        assert post(server, insert, ROWS, insert_deduplication_token=token, **setting).ok
    assert number(server, f"SELECT count() FROM {events}") == 4
    assert number(server, f"SELECT sum(n) FROM {events}_sums") == 4
    other = ROWS.replace('"a": 1', '"a": 9')
    assert post(server, insert, other, insert_deduplication_token="one", **setting).ok
    assert number(server, f"SELECT count() FROM {events}") == 4, "a token counts, not what it came with"


def test_the_settings_of_an_insert_end_with_it(server: ServerProcess, events: str) -> None:
    insert = f"INSERT INTO {events} FORMAT JSONEachRow"
    unknown = '{"a": 1, "d": "2024-01-01", "more": 1}'
    assert post(server, insert, unknown, input_format_skip_unknown_fields="0").status_code == 400
    assert post(server, insert, unknown).ok
    inline = f"INSERT INTO {events} SETTINGS input_format_skip_unknown_fields = 0 FORMAT JSONEachRow"
    assert post(server, inline, unknown).status_code == 400
    assert post(server, insert, '{"a": "x"}\n' + ROWS, input_format_allow_errors_num="1").ok
    assert post(server, insert, '{"a": "x"}\n' + ROWS).status_code == 400


def test_seconds_with_a_fraction_are_exact_milliseconds(server: ServerProcess, table: str) -> None:
    post(server, f"CREATE TABLE {table} (t DateTime64(3)) ENGINE = Memory")
    given = [1_700_000_000_123 + step * 7_919_999 for step in range(20000)]
    lines = "\n".join(f'{{"t": {value // 1000}.{value % 1000:03}}}' for value in given)
    assert post(server, f"INSERT INTO {table} FORMAT JSONEachRow", lines).ok
    read = post(server, f"SELECT toUnixTimestamp64Milli(t) FROM {table} ORDER BY t").text.split()
    assert [int(value) for value in read] == given
