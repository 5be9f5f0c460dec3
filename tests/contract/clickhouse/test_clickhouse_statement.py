import pytest

from devstack.clickhouse.errors import QueryError, parse_engine_error
from devstack.clickhouse.statement import Kind, parse


@pytest.mark.parametrize(
    ("sql", "file_format", "data"),
    [
        (b"INSERT INTO t FORMAT JSONEachRow\n{}", "JSONEachRow", b"{}"),
        (b"insert into t format TSV \r\n\tx", "TSV", b"\tx"),
        (b"INSERT INTO t (a, `format`) FORMAT Native\n\x00\xff", "Native", b"\x00\xff"),
        (b"INSERT INTO db.format FORMAT CSV\n1", "CSV", b"1"),
        (b"INSERT INTO t VALUES (1, 'FORMAT x')", "Values", b" (1, 'FORMAT x')"),
        (b"INSERT INTO t (a) SETTINGS x = 'FORMAT' FORMAT TSV 1", "TSV", b"1"),
        (b"/* FORMAT a */ INSERT INTO t -- FORMAT b\n FORMAT TSV\n--", "TSV", b"--"),
        (b"INSERT INTO t FORMAT TSV\n1;SELECT 2", "TSV", b"1;SELECT 2"),
    ],
)
def test_the_data_of_an_insert_begin_after_its_format(sql: bytes, file_format: str, data: bytes) -> None:
    statement = parse(sql)
    assert (statement.kind, statement.format) == (Kind.INSERT, file_format)
    assert sql[statement.data_start :] == data


def test_a_from_clause_goes_before_the_settings_of_an_insert() -> None:
    statement = parse(b"INSERT INTO t (a) SETTINGS x = 1 FORMAT TSV\n1")
    assert statement.with_source(b"FROM INFILE 'f' ") == b"INSERT INTO t (a) FROM INFILE 'f' SETTINGS x = 1 "


@pytest.mark.parametrize(
    "sql",
    [b"INSERT INTO t SELECT 1", b"INSERT INTO t (SELECT 1)", b"INSERT INTO t (a) WITH 1 AS x SELECT x FORMAT Null"],
)
def test_an_insert_of_a_query_has_no_data(sql: bytes) -> None:
    assert parse(sql).kind is Kind.OTHER


def test_an_insert_from_input_has_data_and_names_its_source() -> None:
    sql = b"INSERT INTO t SELECT a FROM input('a Int32') FORMAT CSV\n1"
    statement = parse(sql)
    assert statement.kind is Kind.INSERT_FROM_INPUT
    assert sql[statement.data_start :] == b"1"
    assert statement.with_source(b"file('f', 'CSV', ") == b"INSERT INTO t SELECT a FROM file('f', 'CSV', 'a Int32') "


@pytest.mark.parametrize(
    ("sql", "file_format", "tail"),
    [
        (b"SELECT 1", None, b""),
        (b"SELECT 1 FORMAT JSON;", "JSON", b"FORMAT JSON"),
        (b"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "CSV", b"FORMAT CSV SETTINGS max_threads = 1"),
        (b"SELECT 'FORMAT CSV' AS format", None, b""),
        (b"SELECT * FROM (SELECT 1 AS format) SETTINGS x = 1", None, b""),
        (b"WITH 1 AS x SELECT x -- FORMAT CSV\nFORMAT TSV", "TSV", b"FORMAT TSV"),
    ],
)
def test_the_format_of_a_query_is_what_ends_it(sql: bytes, file_format: str | None, tail: bytes) -> None:
    statement = parse(sql)
    assert (statement.kind, statement.format, statement.tail) == (Kind.READ, file_format, tail)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        (b"  -- nothing\n", "SYNTAX_ERROR"),
        (b"SELECT 1; SELECT 2", "SYNTAX_ERROR"),
        (b"SELECT 1 INTO OUTFILE 'x'", "INTO_OUTFILE_NOT_ALLOWED"),
        (b"INSERT INTO t FROM INFILE 'x' FORMAT CSV", "UNKNOWN_TYPE_OF_QUERY"),
    ],
)
def test_what_a_server_refuses(sql: bytes, name: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(sql)
    assert caught.value.name == name


def test_wrapped_engine_errors_are_unwrapped() -> None:
    inner = "Code: 73. DB::Exception: Unknown format X. (UNKNOWN_FORMAT) (version 26.9.2.1)"
    error = parse_engine_error(f"Code: 73. DB::Exception: {inner}. (UNKNOWN_FORMAT)")
    assert error.body("1.2") == (
        b"Code: 73. DB::Exception: Unknown format X. (UNKNOWN_FORMAT) (version 1.2 (official build))\n"
    )
    assert error.status == 404
