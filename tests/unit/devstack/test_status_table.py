"""`clickstream status` on a terminal of the usual width."""

import io

import pytest
from rich.console import Console

from devstack import memory
from devstack.cli import own_address, table
from devstack.readiness import Status

CLICKHOUSE = "http://clickstream:secret@127.0.0.1:8123;http://clickstream:secret@127.0.0.1:8124"
ADDRESSES = {
    "kafka": "127.0.0.1:29092",
    "clickhouse-2": CLICKHOUSE,
    "mysql": "mysql://clickstream:secret@127.0.0.1:23306/clickstream",
    "mongo": "mongodb://127.0.0.1:27017/clickstream",
    "taskmanager": "http://127.0.0.1:8081",
}


def test_every_line_fits_in_80_columns_with_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "tree", lambda _: 2_345 << 20)
    seen = [Status(name, name, "ready", address, 4_194_304, 12) for name, address in ADDRESSES.items()]
    console = Console(file=io.StringIO(), width=80)
    console.print(table(seen))
    text = console.file.getvalue()  # type: ignore[attr-defined] # it is the StringIO above
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["server", "state", "pid", "restarts", "MiB", "address"]
    shown = dict(ADDRESSES, mysql="mysql://127.0.0.1:23306/clickstream") | {"clickhouse-2": "http://127.0.0.1:8124"}
    assert lines[1:] == [[name, "ready", "4194304", "12", "2,345", address] for name, address in shown.items()]


def test_an_address_is_the_servers_own() -> None:
    assert own_address("clickhouse-1", CLICKHOUSE) == CLICKHOUSE.partition(";")[0]
    assert own_address("clickhouse", CLICKHOUSE) == CLICKHOUSE, "external: all of it"
    assert own_address("kafka", "127.0.0.1:9092") == "127.0.0.1:9092"
