"""Which services are external, and what a name means: no server runs."""

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clickstream.errors import ConfigurationError
from devstack import planning, ports, supervisor
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.processes import ProcessId
from devstack.record import Record
from devstack.services import resolve

PORTS = {"kafka": 9092, "redis": 20001, "clickhouse-1": 8123, "clickhouse-2": 8124}


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("CLICKSTREAM_KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
        ("CLICKSTREAM_REDIS_URL", "redis://:secret@127.0.0.1:20001/0"),
        # As given out while there were two nodes; now there is one.
        (
            "CLICKSTREAM_CLICKHOUSE_URLS",
            "http://clickstream:secret@127.0.0.1:8123;http://clickstream:secret@127.0.0.1:8124",
        ),
        ("CLICKSTREAM_REDIS_URL", "redis://127.0.0.1:20001/3"),  # it says nothing of credentials
    ],
)
def test_an_address_that_this_devstack_gave_out_is_not_external(variable: str, address: str) -> None:
    assert planning.with_environment(Plan(ports=PORTS, password="secret"), {variable: address}).external == {}


@pytest.mark.parametrize(
    ("variable", "address", "service"),
    [
        ("CLICKSTREAM_KAFKA_BOOTSTRAP", "127.0.0.1:9999", "kafka"),
        ("CLICKSTREAM_KAFKA_BOOTSTRAP", "127.0.0.1:9092,kafka.example:9092", "kafka"),
        ("CLICKSTREAM_REDIS_URL", "redis://:secret@redis.example:20001/0", "redis"),
        ("CLICKSTREAM_REDIS_URL", "redis://redis.example", "redis"),
        ("CLICKSTREAM_CLICKHOUSE_URLS", "http://u:p@127.0.0.1:8123;http://u:p@clickhouse.example:8123", "clickhouse"),
        # Ours, but another service's.
        ("CLICKSTREAM_REDIS_URL", "redis://127.0.0.1:9092", "redis"),
        # Our port, which a stranger's server has by now.
        ("CLICKSTREAM_REDIS_URL", "redis://someone:theirs@127.0.0.1:20001/3", "redis"),
        ("CLICKSTREAM_CLICKHOUSE_URLS", "http://someone:secret@127.0.0.1:8123", "clickhouse"),
    ],
)
def test_any_other_address_is_external(variable: str, address: str, service: str) -> None:
    plan = planning.with_environment(Plan(ports=PORTS, password="secret"), {variable: address})
    assert plan.external == {service: address}


def test_without_its_variable_a_service_is_ours_again() -> None:
    plan = Plan(external={"redis": "redis://redis.example"})
    assert planning.with_environment(plan, {"CLICKSTREAM_REDIS_URL": ""}).external == {}


def test_a_service_means_all_its_servers(tmp_path: Path) -> None:
    plan = Plan(clickhouse_nodes=3)
    assert resolve("flink", Layout(tmp_path), plan) == ["jobmanager", "taskmanager"]
    assert resolve("clickhouse", Layout(tmp_path), plan) == ["clickhouse-1", "clickhouse-2", "clickhouse-3"]
    assert resolve("clickhouse-3", Layout(tmp_path), plan) == ["clickhouse-3"]


def test_unknown_names_and_impossible_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no server is called 'clickhouse-2'"):
        resolve("clickhouse-2", Layout(tmp_path), Plan())
    with pytest.raises(ConfigurationError, match="must be 1 or more"):
        planning.with_clickhouse_nodes(Plan(), 0)


@pytest.mark.net
def test_servers_that_the_plan_no_longer_knows_are_no_longer_wanted(tmp_path: Path) -> None:
    plan = replace(Plan(clickhouse_nodes=1), wanted=("clickhouse-1", "clickhouse-2"))
    assert planning.with_servers(Layout(tmp_path), plan, []).wanted == ("clickhouse-1",)


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """Somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.mark.net
def test_a_port_that_a_dying_process_still_holds_is_kept(tmp_path: Path, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    plan = Plan(wanted=("redis",), ports={"redis": port})
    threading.Timer(0.5, taken.close).start()
    assert planning.with_servers(Layout(tmp_path), plan, ["redis"]).ports == {"redis": port}


@pytest.mark.net
def test_a_port_that_a_stranger_keeps_is_given_up(
    tmp_path: Path, taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "RELEASE_SECONDS", 0.2)
    port = taken.getsockname()[1]
    found = planning.with_servers(Layout(tmp_path), Plan(wanted=("redis",), ports={"redis": port}), ["redis"])
    assert found.ports["redis"] != port


@pytest.mark.net
def test_a_port_of_a_devstack_that_is_up_is_its_own_while_its_server_is_down(
    tmp_path: Path, taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "RESERVED_SECONDS", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    first, second = Layout(tmp_path / "first"), Layout(tmp_path / "second")
    port = taken.getsockname()[1]
    taken.close()
    remembered = Plan(wanted=("redis",), ports={"redis": port})
    assert planning.with_servers(first, remembered, ["redis"]).ports == {"redis": port}
    me = ProcessId.of(os.getpid())
    assert me
    supervised = first.record(supervisor.NAME)
    Record(pid=me.pid, started=me.started).save(supervised)
    assert planning.with_servers(second, remembered, ["redis"]).ports["redis"] != port
    assert planning.with_servers(first, remembered, ["redis"]).ports == {"redis": port}
    supervised.unlink()
    assert planning.with_servers(second, remembered, ["redis"]).ports == {"redis": port}
