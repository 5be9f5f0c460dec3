"""The HTTP interface byte by byte, as curl or aiohttp see it."""

import gzip
import http.client
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lz4.frame
import pytest
import requests
import zstandard

from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = pytest.mark.net


@pytest.fixture
def web(server: ServerProcess) -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def made(server: ServerProcess, web: requests.Session, table: str) -> str:
    answer = web.post(server.url, data=f"CREATE TABLE {table} (a Int32, b String) ENGINE = MergeTree ORDER BY a")
    assert (answer.status_code, answer.text) == (200, "")
    return table


def rows(server: ServerProcess, table: str) -> str:
    return requests.post(server.url, data=f"SELECT * FROM {table} ORDER BY a").text


def test_ping_needs_no_user(server: ServerProcess) -> None:
    for path in ("/ping", "/replicas_status", "/"):
        assert requests.get(server.url + path, auth=("nobody", "x")).text == "Ok.\n"
    assert requests.get(server.url + "/nothing").status_code == 404


def test_the_headers_of_an_answer(server: ServerProcess) -> None:
    answer = requests.post(server.url, params={"query_id": "mine"}, data="SELECT number FROM numbers(3) FORMAT JSON")
    assert answer.json()["rows"] == 3
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "JSON"
    assert answer.headers["X-ClickHouse-Timezone"]
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["read_rows"] == "3"


def test_the_summary_says_how_many_rows_a_statement_gave_or_wrote(server: ServerProcess, made: str) -> None:
    def summary(sql: str) -> dict[str, str]:
        answer = requests.post(server.url, params={"wait_end_of_query": "1"}, data=sql)
        found: dict[str, str] = json.loads(answer.headers["X-ClickHouse-Summary"])
        return found

    read = summary("SELECT number FROM numbers(10) WHERE number % 2 = 1")
    assert (read["read_rows"], read["result_rows"]) == ("10", "5")
    assert summary(f"INSERT INTO {made} VALUES (1, 'x'), (2, 'y')")["result_rows"] == "2"
    assert summary(f"SELECT * FROM {made} WHERE a > 7")["result_rows"] == "0"


def test_query_in_the_url_in_the_body_and_in_both(server: ServerProcess, made: str) -> None:
    post = requests.post
    assert requests.get(server.url, params={"query": "SELECT 1"}).text == "1\n"
    assert post(server.url, params={"query": "SELECT 2"}).text == "2\n"
    assert post(server.url, params={"query": "SELECT"}, data="3").text == "3\n"
    insert = f"INSERT INTO {made} FORMAT "
    assert post(server.url, params={"query": insert + "TSV"}, data="1\tx\n").headers["X-ClickHouse-Summary"]
    post(server.url, data=insert + 'JSONEachRow\n{"a": 2, "b": "FORMAT"}')
    post(server.url, params={"query": f"INSERT INTO {made} VALUES (3, 'z')"})
    post(server.url, params={"query": f"INSERT INTO {made} VALUES"}, data="(4, ';'), (5, 'v');")
    post(server.url, params={"query": insert + "RowBinary"}, data=b"\x06\x00\x00\x00\x02\xff\x00")
    post(
        server.url, data=f"INSERT INTO {made} SELECT a + 5, b || '!' FROM input('a Int32, b String') FORMAT CSV\n2,i\n"
    )
    got = requests.post(server.url, data=f"SELECT a, hex(b) FROM {made} ORDER BY a FORMAT TSV").text.split()
    assert got == ["1", "78", "2", "464F524D4154", "3", "7A", "4", "3B", "5", "76", "6", "FF00", "7", "6921"]


def test_a_default_format_comes_from_url_or_header(server: ServerProcess) -> None:
    sql = "SELECT 1 AS x"
    assert requests.post(server.url, params={"default_format": "JSONEachRow"}, data=sql).text == '{"x":1}\n'
    assert requests.post(server.url, headers={"X-ClickHouse-Format": "CSVWithNames"}, data=sql).text == '"x"\n1\n'


@pytest.mark.parametrize(
    "name", ["TSV", "JSON", "CSVWithNames", "Native", "Arrow", "Parquet", "RowBinaryWithNamesAndTypes"]
)
def test_every_format_is_one_stream_and_goes_back_in(server: ServerProcess, made: str, name: str) -> None:
    whole = requests.post(
        server.url, data=f"SELECT number::Int32 AS a, toString(number) AS b FROM numbers(200000) FORMAT {name}"
    )
    assert requests.post(server.url, params={"query": f"INSERT INTO {made} FORMAT {name}"}, data=whole.content).ok
    summed = requests.post(server.url, data=f"SELECT count(), sum(a), sum(toInt32(b)) FROM {made}").text
    assert summed == "200000\t19999900000\t19999900000\n"


CODINGS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (gzip.compress, gzip.decompress),
    "deflate": (zlib.compress, zlib.decompress),
    "lz4": (lz4.frame.compress, lz4.frame.decompress),
    "zstd": (zstandard.compress, lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    "xz": (lzma.compress, lzma.decompress),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_content_codings_both_ways(server: ServerProcess, made: str, coding: str) -> None:
    compress, decompress = CODINGS[coding]
    headers = {"Content-Encoding": coding}
    query = {"query": f"INSERT INTO {made} FORMAT TSV"}
    body = compress(b"".join(b"%d\tx\n" % number for number in range(50000)))
    assert requests.post(server.url, params=query, data=body, headers=headers).ok
    broken = requests.post(server.url, params=query, data=body[: len(body) // 2], headers=headers)
    assert broken.status_code == 500, "half of a compressed body was taken for all of it"
    for sql, size in ((f"SELECT a FROM {made}", 50000), ("SELECT number FROM numbers(500000)", 500000)):
        answer = requests.post(
            server.url,
            params={"enable_http_compression": "1"},
            data=sql,
            headers={"Accept-Encoding": coding},
            stream=True,
        )
        assert answer.headers["Content-Encoding"] == coding
        assert decompress(answer.raw.read(decode_content=False)).count(b"\n") == size
    # As the engine's own default says.
    default = requests.post(server.url, data="SELECT 1", headers={"Accept-Encoding": coding}, stream=True)
    assert default.headers["Content-Encoding"] == coding
    off = {"enable_http_compression": "0"}
    plain = requests.post(server.url, params=off, data="SELECT 1", headers={"Accept-Encoding": coding})
    assert "Content-Encoding" not in plain.headers
    sql = "SELECT default FROM system.settings WHERE name = 'enable_http_compression'"
    assert requests.post(server.url, data=sql).text == "1\n"


@pytest.mark.parametrize("count", [0, 1, 10, 1000, 20000])
@pytest.mark.parametrize("coding", CODINGS)
def test_answers_that_a_compressor_keeps_to_itself_until_its_end(
    server: ServerProcess, coding: str, count: int
) -> None:
    _, decompress = CODINGS[coding]
    answer = requests.post(
        server.url,
        params={"enable_http_compression": "1"},
        data=f"SELECT number FROM numbers({count})",
        headers={"Accept-Encoding": coding},
        stream=True,
    )
    body = answer.raw.read(decode_content=False)
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == (coding if count else None)
    assert (decompress(body) if count else body) == b"".join(b"%d\n" % number for number in range(count))


@pytest.mark.parametrize("coding", CODINGS)
def test_an_answer_without_a_body_has_no_coding(server: ServerProcess, made: str, coding: str) -> None:
    answer = requests.post(
        server.url,
        params={"enable_http_compression": "1"},
        data=f"INSERT INTO {made} VALUES (1, 'x')",
        headers={"Accept-Encoding": coding},
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert "Content-Encoding" not in answer.headers


def test_chunked_bodies(server: ServerProcess, made: str) -> None:
    pieces = (b'{"a": %d}\n' % number for number in range(1000))
    assert requests.post(server.url, params={"query": f"INSERT INTO {made} FORMAT JSONEachRow"}, data=pieces).ok
    assert requests.post(server.url, data=f"SELECT count() FROM {made}").text == "1000\n"


@pytest.mark.parametrize(
    ("params", "sql", "status", "code"),
    [
        ({}, "SELEC 1", 400, 62),
        ({}, "SELECT 1; SELECT 2", 400, 62),
        ({}, "", 400, 62),
        ({}, "SELECT * FROM nowhere", 404, 60),
        ({"database": "nowhere"}, "SELECT 1", 404, 81),
        ({"no_such_setting": "1"}, "SELECT 1", 404, 115),
        ({"max_threads": "many"}, "SELECT 1", 400, 27),
        ({"user": "nobody"}, "SELECT 1", 403, 516),
        ({"password": "wrong"}, "SELECT 1", 403, 516),
        ({}, "SELECT 1 FORMAT Nothing", 404, 73),
        ({}, "SELECT 1 INTO OUTFILE 'x'", 500, 358),
        ({}, "SELECT throwIf(1)", 500, 395),
        (
            {"max_execution_time": "0.1"},
            "SELECT sum(sleepEachRow(0.05)) FROM numbers(40) SETTINGS max_block_size = 1",
            408,
            159,
        ),
        ({"session_id": "none", "session_check": "1"}, "SELECT 1", 500, 372),
        ({"compress": "1"}, "SELECT 1", 501, 48),
    ],
)
def test_errors(server: ServerProcess, params: dict[str, str], sql: str, status: int, code: int) -> None:
    answer = requests.post(server.url, params=params, data=sql)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert answer.text.endswith(" (official build))\n")
    assert answer.text.count("DB::Exception") == 1


def test_get_is_read_only(server: ServerProcess, made: str) -> None:
    answer = requests.get(server.url, params={"query": f"INSERT INTO {made} VALUES (1, 'x')"})
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "164")
    assert rows(server, made) == ""


def test_settings_and_parameters_stay_with_their_request(server: ServerProcess) -> None:
    ask = "SELECT getSetting('insert_deduplication_token'), getSetting('max_threads')"
    set_here = {"insert_deduplication_token": "token's", "max_threads": "7"}
    assert requests.post(server.url, params=set_here, data=ask).text == "token\\'s\t7\n"
    assert requests.post(server.url, data=ask).text != "token\\'s\t7\n"
    session = {"session_id": "settings"}
    assert requests.post(server.url, params=session | set_here, data=ask).text == "token\\'s\t7\n"
    assert requests.post(server.url, params=session, data=ask).text.startswith("\t")
    requests.post(server.url, params=session, data="SET max_threads = 5")
    assert requests.post(server.url, params=session | set_here, data=ask).text == "token\\'s\t7\n"
    assert requests.post(server.url, params=session, data=ask).text == "\t5\n"
    assert requests.post(server.url, params={"param_x": "a'b"}, data="SELECT {x:String}").text == "a\\'b\n"


def test_a_refused_setting_or_database_leaves_a_session_as_it_was(server: ServerProcess) -> None:
    session = {"session_id": "refused"}
    for wrong in ({"nothing": "1"}, {"max_block_size": "many"}, {"database": "nowhere"}):
        assert not requests.post(server.url, params=session | {"max_threads": "7"} | wrong, data="SELECT 1").ok
        got = requests.post(server.url, params=session, data="SELECT getSetting('max_threads'), currentDatabase()")
        assert got.ok
        assert got.text.endswith("\tdefault\n")
        assert not got.text.startswith("7")


def test_sessions_keep_temporary_tables_to_themselves(server: ServerProcess) -> None:
    mine = {"session_id": "tables"}
    requests.post(server.url, params=mine, data="CREATE TEMPORARY TABLE own (a Int32)")
    requests.post(server.url, params=mine, data="INSERT INTO own VALUES (1)")
    assert requests.post(server.url, params=mine | {"session_check": "1"}, data="SELECT * FROM own").text == "1\n"
    assert requests.post(server.url, params={"session_id": "other"}, data="SELECT * FROM own").status_code == 404
    assert requests.post(server.url, data="SELECT * FROM own").status_code == 404


def test_a_database_of_the_request_does_not_stay_in_its_session(server: ServerProcess) -> None:
    requests.post(server.url, data="CREATE DATABASE IF NOT EXISTS elsewhere")
    session = {"session_id": "databases"}
    for _ in range(2):
        there = requests.post(server.url, params=session | {"database": "elsewhere"}, data="SELECT currentDatabase()")
        assert there.text == "elsewhere\n"
        assert requests.post(server.url, params=session, data="SELECT currentDatabase()").text == "default\n"


def test_ways_to_say_who_one_is(tmp_path: Path) -> None:
    guarded = ServerProcess(tmp_path / "data", "--user", "ann", "--password", "s:ecret")
    guarded.start()
    try:
        right: list[dict[str, Any]] = [
            {"auth": ("ann", "s:ecret")},
            {"params": {"user": "ann", "password": "s:ecret"}},
            {"headers": {"X-ClickHouse-User": "ann", "X-ClickHouse-Key": "s:ecret"}},
        ]
        for way in right:
            assert requests.post(guarded.url, data="SELECT 1", **way).text == "1\n"
        wrong: list[dict[str, Any]] = [
            {},
            {"auth": ("ann", "no")},
            {"auth": ("default", "")},
            {**right[0], **right[1]},
            {**right[0], **right[2]},
        ]
        for way in wrong:
            assert requests.post(guarded.url, data="SELECT 1", **way).status_code == 403
    finally:
        guarded.end()


def test_an_error_after_rows_were_sent_breaks_the_answer_off(server: ServerProcess) -> None:
    sql = "SELECT throwIf(number = 2900000), number FROM numbers(3000000)"
    answer = requests.post(server.url, data=sql, stream=True)
    assert answer.status_code == 200
    tag = answer.headers["X-ClickHouse-Exception-Tag"].encode()
    read = b""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        for piece in answer.iter_content(1 << 16):
            read = (read + piece)[-4096:]
    _, _, tail = read.partition(b"\r\n__exception__\r\n" + tag + b"\r\n")
    text, _, length = tail.removesuffix(b" " + tag + b"\r\n__exception__\r\n").rpartition(b"\n")
    assert text.startswith(b"Code: 395. DB::Exception: ")
    assert len(text) == int(length)
    waited = requests.post(server.url, params={"wait_end_of_query": "1"}, data=sql)
    assert (waited.status_code, waited.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


def test_keep_alive_and_head(server: ServerProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for method, path in (
        ("GET", "/ping"),
        ("POST", "/?query=SELECT%201"),
        ("HEAD", "/?query=SELECT%201"),
        ("GET", "/ping"),
    ):
        connection.request(method, path)
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) > 0) == (200, method != "HEAD")
    connection.close()
