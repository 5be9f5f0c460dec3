"""Queries side by side, queries that are killed, clients that go away, and servers that end."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.net

SECONDS = 20
LONG = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"


def ask(server: ServerProcess, sql: str, **params: str) -> str:
    answer = requests.post(server.url, params=params, data=sql)
    assert answer.ok, answer.text
    return answer.text.strip()


def running(server: ServerProcess, query_id: str) -> bool:
    return ask(server, f"SELECT count() FROM system.processes WHERE query_id = '{query_id}'") == "1"


def ended(server: ServerProcess, query_id: str) -> bool:
    return not running(server, query_id)


def test_short_queries_and_inserts_go_on_beside_long_queries(server: ServerProcess, table: str) -> None:
    ask(server, f"CREATE TABLE {table} (a UInt64) ENGINE = MergeTree ORDER BY a")
    names = [f"long-{number}" for number in range(4)]
    with ThreadPoolExecutor(8) as threads:
        long = [
            threads.submit(requests.post, server.url, params={"query_id": name, "max_threads": "1"}, data=LONG)
            for name in names
        ]
        for name in names:
            wait_for(partial(running, server, name), SECONDS, f"{name} runs", pause=0.02)
        begun = time.monotonic()
        inserts = [
            threads.submit(ask, server, f"INSERT INTO {table} SELECT number FROM numbers(1000)") for _ in range(20)
        ]
        for insert in inserts:
            insert.result()
        assert ask(server, f"SELECT count() FROM {table}") == "20000"
        assert time.monotonic() - begun < 15
        killed = ask(server, "KILL QUERY WHERE query_id LIKE 'long-%' SYNC FORMAT JSONEachRow").splitlines()
        assert [json.loads(line)["kill_status"] for line in killed] == ["finished"] * 4
        assert {query.result().headers["X-ClickHouse-Exception-Code"] for query in long} == {"394"}


def test_a_query_id_is_taken_while_its_query_runs(server: ServerProcess) -> None:
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(requests.post, server.url, params={"query_id": "taken"}, data=LONG)
        wait_for(lambda: running(server, "taken"), SECONDS, "the query runs", pause=0.02)
        shown = ask(
            server, "SELECT query_id, query, Settings['log_comment'] FROM system.processes WHERE query_id = 'taken'"
        )
        assert shown.startswith("taken\tSELECT count() FROM numbers")
        assert "OUTFILE" not in shown
        second = requests.post(server.url, params={"query_id": "taken"}, data="SELECT 1")
        assert second.headers["X-ClickHouse-Exception-Code"] == "216"
        ask(server, "KILL QUERY WHERE query_id = 'taken' SYNC")
        first.result()
    assert ask(server, "SELECT 1", query_id="taken") == "1"


def test_a_session_is_locked_while_its_query_runs(server: ServerProcess) -> None:
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(requests.post, server.url, params={"query_id": "s", "session_id": "locked"}, data=LONG)
        wait_for(lambda: running(server, "s"), SECONDS, "the query runs", pause=0.02)
        second = requests.post(server.url, params={"session_id": "locked"}, data="SELECT 1")
        assert second.headers["X-ClickHouse-Exception-Code"] == "373"
        ask(server, "KILL QUERY WHERE query_id = 's' SYNC")
        first.result()
    assert ask(server, "SELECT 1", session_id="locked") == "1"


def request_head(server: ServerProcess, query: str, length: int) -> bytes:
    path = requests.Request("POST", server.url, params={"query": query, "query_id": "raw-1"}).prepare().path_url
    return f"POST {path} HTTP/1.1\r\nHost: {server.url}\r\nContent-Length: {length}\r\n\r\n".encode()


def test_a_client_that_leaves_within_its_body_leaves_nothing(server: ServerProcess, table: str) -> None:
    ask(server, f"CREATE TABLE {table} (a UInt64) ENGINE = MergeTree ORDER BY a")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request_head(server, f"INSERT INTO {table} FORMAT TSV", 1000) + b"1\n2\n")
    path = f"/?query=INSERT+INTO+{table}+FORMAT+TSV"
    chunked = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1\n2\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(chunked.encode())
    # A whole insert afterwards, so that there was time for the others.
    ask(server, f"INSERT INTO {table} SELECT 7 FROM numbers(1) WHERE NOT sleep(1)")
    assert ask(server, f"SELECT * FROM {table}") == "7"


def test_an_insert_runs_to_its_end_without_its_client(server: ServerProcess, table: str) -> None:
    ask(server, f"CREATE TABLE {table} (a UInt64, b UInt8 MATERIALIZED sleep(1)) ENGINE = MergeTree ORDER BY a")
    body = b"1\n2\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request_head(server, f"INSERT INTO {table} FORMAT TSV", len(body)) + body)
        look = (
            "SELECT query_id, query FROM system.processes WHERE query_kind = 'Insert' AND startsWith(query_id, 'raw-')"
        )
        wait_for(lambda: ask(server, look) == f"raw-1\tINSERT INTO {table} FORMAT TSV", SECONDS, "it runs", pause=0.02)
    wait_for(lambda: ask(server, f"SELECT count() FROM {table}") == "2", SECONDS, "the rows are there", pause=0.02)


def test_a_read_ends_when_its_client_leaves(server: ServerProcess) -> None:
    setting = {"cancel_http_readonly_queries_on_client_close": "1"}

    def left(name: str, sql: str, settings: dict[str, str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        path = requests.Request("POST", server.url, params={"query_id": name, **settings}).prepare().path_url
        connection.request("POST", path, body=sql)
        wait_for(partial(running, server, name), SECONDS, f"{name} runs", pause=0.02)
        connection.close()

    left("unnoticed", LONG, {})
    left("talking", "SELECT number FROM numbers(1000000000000)", {})
    left("silent", LONG, setting)
    for name in ("talking", "silent"):
        wait_for(partial(ended, server, name), SECONDS, f"{name} ends", pause=0.02)
    assert running(server, "unnoticed"), "a server that writes nothing finds out when it has something to write"
    ask(server, "KILL QUERY WHERE query_id = 'unnoticed' SYNC")


def test_a_long_answer_takes_little_memory(own_server: ServerProcess) -> None:
    def resident() -> int:
        assert own_server.process is not None
        with open(f"/proc/{own_server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) << 10

    ask(own_server, "SELECT number, toString(number) FROM numbers(100000)")
    before = resident()
    for name in ("JSONEachRow", "JSON", "Native"):
        sql = f"SELECT number, repeat('x', 100) FROM numbers(4000000) FORMAT {name}"
        with requests.post(own_server.url, data=sql, stream=True) as answer:
            assert sum(len(piece) for piece in answer.iter_content(1 << 20)) > 400_000_000
    assert resident() - before < 300 << 20, "each answer has more than 400 MB"


def test_sigterm_ends_the_server_with_queries_and_connections(own_server: ServerProcess) -> None:
    idle = http.client.HTTPConnection("127.0.0.1", own_server.port)
    idle.request("GET", "/ping")
    idle.getresponse().read()
    failed = threading.Event()

    def run() -> None:
        with contextlib.suppress(requests.RequestException):
            if requests.post(own_server.url, params={"query_id": "long"}, data=LONG).ok:
                return
        failed.set()

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: running(own_server, "long"), SECONDS, "the query runs", pause=0.02)
    code, seconds = own_server.end(signal.SIGTERM)
    thread.join()
    idle.close()
    assert code == 0
    assert seconds < 8
    assert failed.is_set()


def test_acknowledged_rows_survive_kill_9(own_server: ServerProcess) -> None:
    ask(own_server, "CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a")
    acknowledged = 0
    for round_ in range(3):
        for _ in range(10):
            ask(own_server, f"INSERT INTO kept SELECT number FROM numbers({acknowledged}, 100)")
            acknowledged += 100
        code, _ = own_server.end(signal.SIGKILL)
        assert code == -signal.SIGKILL
        own_server.start()
        assert ask(own_server, "SELECT count(), uniqExact(a), max(a) + 1 FROM kept") == f"{acknowledged}\t" * 2 + str(
            acknowledged
        ), round_


def test_the_default_database_can_do_what_a_servers_can(own_server: ServerProcess) -> None:
    ask(own_server, "CREATE TABLE source (a UInt64) ENGINE = MergeTree ORDER BY a")
    ask(own_server, "INSERT INTO source VALUES (1), (2)")
    ask(
        own_server,
        "CREATE MATERIALIZED VIEW refreshed REFRESH EVERY 1 SECOND ENGINE = Memory AS SELECT sum(a) AS s FROM source",
    )
    wait_for(lambda: ask(own_server, "SELECT s FROM refreshed") == "3", SECONDS, "the view is refreshed", pause=0.02)
    assert own_server.end()[0] == 0
    own_server.start()
    ask(own_server, "INSERT INTO source VALUES (3)")
    wait_for(
        lambda: ask(own_server, "SELECT s FROM refreshed") == "6",
        SECONDS,
        "the view is refreshed after a restart",
        pause=0.02,
    )


def test_a_second_server_on_the_folder_is_refused(own_server: ServerProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "devstack.clickhouse", "--path", str(tmp_path / "data"), "--port", "1"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "choose another --path" in second.stderr
    assert "Traceback" not in second.stderr
    assert ask(own_server, "SELECT 1") == "1"
