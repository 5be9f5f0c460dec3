"""The proxy that fails on demand, in front of a real server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from clickstream.errors import ConfigurationError
from devstack.clickhouse.faults import FaultProxy, Mode
from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = pytest.mark.net


@pytest.fixture
def proxy(server: ServerProcess, table: str) -> Iterator[FaultProxy]:
    requests.post(server.url, data=f"CREATE TABLE {table} (a UInt64) ENGINE = MergeTree ORDER BY a")
    with FaultProxy(server.url) as made:
        yield made


def insert(proxy: FaultProxy, table: str, timeout: float = 10) -> requests.Response:
    params = {"query": f"INSERT INTO {table} FORMAT TSV"}
    return requests.post(proxy.url, params=params, data="1\n2\n", timeout=timeout)


def count(server: ServerProcess, table: str) -> int:
    return int(requests.post(server.url, data=f"SELECT count() FROM {table}").text)


def test_it_passes_everything_on(server: ServerProcess, proxy: FaultProxy, table: str) -> None:
    answer = insert(proxy, table)
    assert (answer.status_code, count(server, table)) == (200, 2)
    assert "written_rows" in answer.headers["X-ClickHouse-Summary"]
    large = requests.post(proxy.url, data="SELECT number FROM numbers(2000000)")
    assert large.text.count("\n") == 2_000_000
    assert requests.post(proxy.url, data="SELECT * FROM nowhere").status_code == 404
    assert requests.get(proxy.url + "/ping").text == "Ok.\n"


def test_refused_connections(server: ServerProcess, proxy: FaultProxy, table: str) -> None:
    with requests.Session() as kept:
        kept.get(proxy.url + "/ping")
        proxy.set(Mode.REFUSE)
        for client in (kept, requests):
            with pytest.raises(requests.ConnectionError):
                client.get(proxy.url + "/ping")
    proxy.set(Mode.PASS)
    assert insert(proxy, table).ok
    assert count(server, table) == 2


def test_an_error_for_so_many_inserts(server: ServerProcess, proxy: FaultProxy, table: str) -> None:
    proxy.set(Mode.ERROR, code=252, inserts_only=True, requests=2)
    assert requests.post(proxy.url, data="SELECT 1").text == "1\n"
    codes = [insert(proxy, table).headers.get("X-ClickHouse-Exception-Code") for _ in range(3)]
    assert codes == ["252", "252", None]
    assert count(server, table) == 2
    assert proxy.seen == {Mode.PASS: 2, Mode.ERROR: 2}


@pytest.mark.parametrize(("mode", "rows"), [(Mode.HANG, 0), (Mode.HANG_AFTER, 2)])
def test_answers_that_never_come(server: ServerProcess, proxy: FaultProxy, table: str, mode: Mode, rows: int) -> None:
    proxy.set(mode, requests=1)
    with pytest.raises(requests.ReadTimeout):
        insert(proxy, table, timeout=1)
    assert count(server, table) == rows
    assert insert(proxy, table).ok


def test_answers_that_break_off(server: ServerProcess, proxy: FaultProxy, table: str) -> None:
    proxy.set(Mode.CUT)
    with pytest.raises(requests.ConnectionError):
        insert(proxy, table)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.post(proxy.url, data="SELECT number FROM numbers(1000)")
    assert count(server, table) == 2


def test_delays(proxy: FaultProxy) -> None:
    proxy.set(Mode.DELAY, delay=0.5, requests=1)
    begun = time.monotonic()
    requests.get(proxy.url + "/ping")
    assert 0.5 <= time.monotonic() - begun < 3


def test_a_node_that_is_gone_breaks_the_connection(table: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with FaultProxy(target) as proxy, pytest.raises(requests.ConnectionError):
            insert(proxy, table)


def test_what_cannot_be_done_is_refused(proxy: FaultProxy) -> None:
    with pytest.raises(ConfigurationError):
        proxy.set(Mode.REFUSE, requests=1)
    assert proxy.fault.mode is Mode.PASS


def test_the_command_line_is_switched_over_http(server: ServerProcess) -> None:
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(str(probe.getsockname()[1]))
    command = [sys.executable, "-m", "devstack.clickhouse.faults", "--target", server.url, "--port", ports[0]]
    process = subprocess.Popen([*command, "--control-port", ports[1]])
    try:
        url, control = (f"http://127.0.0.1:{port}" for port in ports)
        deadline = time.monotonic() + 20
        while True:
            try:
                assert requests.get(control).json()["mode"] == "pass"
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert requests.post(control, params={"mode": "error", "code": "241", "requests": "1"}).json()["requests"] == 1
        assert requests.get(url + "/ping").status_code == 500
        assert requests.get(url + "/ping").text == "Ok.\n"
        assert requests.post(control, params={"mode": "nonsense"}).status_code == 400
    finally:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
