"""The ordinary client, sync and async, with nothing said to it about what it talks to."""

import asyncio
import datetime as dt
import gzip
import signal
from collections.abc import Callable, Iterator

import clickhouse_connect
import lz4.frame
import pandas as pd
import pyarrow as pa
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = pytest.mark.net

ROWS = [[number, f"é{number}", dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None, ["a", "b"]] for number in range(1000)]
COLUMNS = ["id", "name", "at", "maybe", "tags"]


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    made = clickhouse_connect.get_client(host="127.0.0.1", port=server.port)
    yield made
    made.close()


@pytest.fixture
def filled(client: Client, table: str) -> str:
    client.command(
        f"CREATE TABLE {table} (id Int64, name String, at DateTime64(3), maybe Nullable(Int32), tags Array(String)) "
        "ENGINE = MergeTree ORDER BY id"
    )
    client.insert(table, ROWS, column_names=COLUMNS)
    return table


@pytest.mark.parametrize("compress", [True, "lz4", "zstd", "gzip", False])
def test_native_inserts_in_every_compression(server: ServerProcess, filled: str, compress: bool | str) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=server.port, compress=compress)
    assert client.insert(filled, ROWS, column_names=COLUMNS).written_rows == 1000
    assert client.query(f"SELECT count(), uniqExact(id) FROM {filled}").result_rows == [(2000, 1000)]
    client.close()


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip"])
def test_small_answers_in_every_compression(server: ServerProcess, compress: str) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=server.port, compress=compress)
    answer = client.query("SELECT number FROM numbers(10)", settings={"enable_http_compression": 1})
    assert answer.result_rows == [(number,) for number in range(10)]
    client.close()


@pytest.mark.parametrize(
    ("name", "compress"),
    [(None, bytes), ("gzip", gzip.compress), ("lz4", lz4.frame.compress), ("zstd", zstandard.compress)],
)
def test_raw_inserts(client: Client, filled: str, name: str | None, compress: Callable[[bytes], bytes]) -> None:
    block = compress(b'{"id": 5000, "name": "x"}\n{"id": 5001, "name": "y"}\n')
    summary = client.raw_insert(filled, ["id", "name"], block, fmt="JSONEachRow", compression=name)
    assert summary.written_rows == 2
    assert client.query(f"SELECT name FROM {filled} WHERE id >= 5000 ORDER BY id").result_rows == [("x",), ("y",)]


def test_parameters_and_every_kind_of_result(client: Client, filled: str) -> None:
    odd = "it's\n\t\\ é"
    assert client.query("SELECT {n:Int64}, {s:String}", parameters={"n": 5, "s": odd}).result_rows == [(5, odd)]
    assert client.query(f"SELECT * FROM {filled} WHERE id = 7").result_rows[0][:2] == (7, "é7")
    assert client.query_np(f"SELECT id FROM {filled} ORDER BY id LIMIT 3").tolist() == [[0], [1], [2]]
    assert client.query_df(f"SELECT id, name FROM {filled} ORDER BY id LIMIT 3")["name"].tolist() == ["é0", "é1", "é2"]
    assert client.query_arrow(f"SELECT id FROM {filled}").num_rows == 1000
    assert client.query(f"SELECT id, name FROM {filled} LIMIT 0").column_names == ("id", "name")
    client.insert_df(filled, pd.DataFrame({"id": [9000], "name": ["df"]}))
    client.insert_arrow(filled, pa.table({"id": [9001], "name": ["arrow"]}))
    assert client.command(f"SELECT count() FROM {filled} WHERE id >= 9000") == 2


def test_streams(client: Client) -> None:
    query = "SELECT number FROM numbers(1000000)"
    with client.query_row_block_stream(query) as blocks:
        assert sum(len(block) for block in blocks) == 1_000_000
    with client.query_arrow_stream(query) as tables:
        assert sum(len(piece) for piece in tables) == 1_000_000


def test_form_encoded_parameters_and_external_data(server: ServerProcess, client: Client, filled: str) -> None:
    forms = clickhouse_connect.get_client(host="127.0.0.1", port=server.port, form_encode_query_params=True)
    assert forms.query("SELECT {s:String}", parameters={"s": "é'\n"}).result_rows == [("é'\n",)]
    forms.close()
    external = ExternalData(file_name="ids.csv", fmt="CSV", structure="id Int64", data=b"1\n2\n99999\n")
    for _ in range(2):
        found = client.query(f"SELECT count() FROM {filled} WHERE id IN (SELECT id FROM ids)", external_data=external)
        assert found.result_rows == [(2,)]


def test_settings_hold_for_their_query_and_sessions_keep_theirs(client: Client) -> None:
    ask = "SELECT getSetting('max_threads'), currentDatabase()"
    client.command("SET max_threads = 3")
    assert client.query(ask, settings={"max_threads": 7}).result_rows == [(7, "default")]
    assert client.query(ask).result_rows == [(3, "default")]
    client.command("CREATE TEMPORARY TABLE own (a Int32)")
    client.insert("own", [[1], [2]], column_names=["a"], column_type_names=["Int32"])
    assert client.command("SELECT sum(a) FROM own") == 3


REFUSED = [
    ("SELEC 1", 62, "SYNTAX_ERROR"),
    ("SELECT * FROM nowhere", 60, "UNKNOWN_TABLE"),
    ("SELECT * FROM nowhere.nowhere", 81, "UNKNOWN_DATABASE"),
    ("SELECT nothing", 47, "UNKNOWN_IDENTIFIER"),
    ("SELECT {p:Int64}", 457, "BAD_QUERY_PARAMETER"),
    ("SELECT throwIf(1)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ("SELECT 1 SETTINGS nothing = 1", 115, "UNKNOWN_SETTING"),
]


@pytest.mark.parametrize(("statement", "code", "name"), REFUSED)
def test_errors_have_code_and_name(client: Client, statement: str, code: int, name: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.query(statement, parameters={"p": "x"})
    assert (caught.value.code, caught.value.name) == (code, name)


def test_wrong_password_and_unknown_database(server: ServerProcess) -> None:
    with pytest.raises(DatabaseError) as caught:
        clickhouse_connect.get_client(host="127.0.0.1", port=server.port, password="wrong")
    assert caught.value.code == 516
    with pytest.raises(DatabaseError) as caught:
        clickhouse_connect.get_client(host="127.0.0.1", port=server.port, database="nowhere").command("SELECT 1")
    assert caught.value.code == 81


def test_an_error_after_the_first_rows_is_no_end_of_the_rows(server: ServerProcess) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=server.port, compress=False)
    query = "SELECT throwIf(number = 2900000), number FROM numbers(3000000)"
    read = 0
    with pytest.raises(StreamFailureError, match="throwIf"), client.query_row_block_stream(query) as blocks:
        for block in blocks:
            read += len(block)
    assert read > 0
    assert client.command("SELECT 1") == 1
    client.close()


async def test_the_async_client(server: ServerProcess, filled: str) -> None:
    client = await clickhouse_connect.get_async_client(host="127.0.0.1", port=server.port)
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(client.query("SELECT sleep(0.5)") for _ in range(8)))
    assert asyncio.get_running_loop().time() - begun < 3, "eight sleeps of 0.5 s ran one after the other"
    assert (await client.insert(filled, ROWS, column_names=COLUMNS)).written_rows == 1000
    read = 0
    async with await client.query_row_block_stream("SELECT number FROM numbers(1000000)") as blocks:
        async for block in blocks:
            read += len(block)
    assert read == 1_000_000
    with pytest.raises(DatabaseError) as caught:
        await client.query("SELECT * FROM nowhere")
    assert caught.value.code == 60
    await client.close()


@pytest.mark.parametrize(("statement", "code", "name"), REFUSED)
async def test_errors_of_the_async_client(server: ServerProcess, statement: str, code: int, name: str) -> None:
    client = await clickhouse_connect.get_async_client(host="127.0.0.1", port=server.port)
    with pytest.raises(DatabaseError) as caught:
        await client.query(statement, parameters={"p": "x"})
    assert (caught.value.code, caught.value.name) == (code, name)
    await client.close()


async def test_a_wrong_password_of_the_async_client(server: ServerProcess) -> None:
    with pytest.raises(DatabaseError) as caught:
        await clickhouse_connect.get_async_client(host="127.0.0.1", port=server.port, password="wrong")
    assert caught.value.code == 516


ENDLESS = "SELECT number FROM numbers(1000000000000)"


def test_a_server_that_is_killed_within_an_answer_is_no_end_of_the_rows(own_server: ServerProcess) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=own_server.port)
    read = 0
    with pytest.raises(StreamFailureError), client.query_row_block_stream(ENDLESS) as blocks:
        for block in blocks:
            read += len(block)
            if own_server.process:
                own_server.end(signal.SIGKILL)
    assert read > 0
    with pytest.raises(OperationalError):
        client.command("SELECT 1")
    client.close()


async def test_a_server_that_is_killed_within_an_answer_to_the_async_client(own_server: ServerProcess) -> None:
    client = await clickhouse_connect.get_async_client(host="127.0.0.1", port=own_server.port)
    read = 0
    with pytest.raises(StreamFailureError):
        async with await client.query_row_block_stream(ENDLESS) as blocks:
            async for block in blocks:
                read += len(block)
                if own_server.process:
                    own_server.end(signal.SIGKILL)
    assert read > 0
    with pytest.raises(OperationalError):
        await client.command("SELECT 1")
    await client.close()
