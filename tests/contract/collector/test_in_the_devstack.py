"""`clickstream up --only kafka,collector`: a collector with a write key of its own, kept alive like every server."""

import stat
from pathlib import Path

import httpx
import pytest

from devstack.processes import members
from devstack.servers.collector import TENANT, write_key
from devstack.stack import Stack
from tests.contract.collector.conftest import click
from tests.kit.commands import clickstream
from tests.kit.kafka import Topics
from tests.kit.servers import own_environment
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack


def test_it_takes_events_with_its_key_also_after_kill_9(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "devstack")
    try:
        stack.up(only=["kafka", "collector"], environment={})
        environment = stack.environment()
        assert {seen.name: seen.state for seen in stack.status()}["collector"] == "ready"
        key = write_key(stack.layout)
        for name in ("write-key", "collector.yaml"):
            assert stat.S_IMODE((stack.layout.data("collector") / name).stat().st_mode) == 0o600, name
        with httpx.Client(base_url=environment["CLICKSTREAM_COLLECTOR_URL"], timeout=30) as client:
            said = client.get("/readyz")
            assert (said.status_code, "clickstream migrate" in said.text) == (503, True), "there are no topics yet"
            clickstream({**own_environment(), **environment}, "migrate", "--only", "kafka")
            wait_for(lambda: client.get("/readyz").status_code == 200, 30, "it has found the topics")
            assert client.post("/api/v1/behaviors", json=click(scenario_id="home")).status_code == 401
            sent = [_posted(client, key)]
            (killed,) = stack.kill("collector")
            wait_for(lambda: stack.pids("collector") not in ([], [killed]), 30, "it is started again")
            wait_for(lambda: _ready(client), 30, "and is where it was")
            sent.append(_posted(client, key))
        topics = Topics(environment["CLICKSTREAM_KAFKA_BOOTSTRAP"])
        stored = b"".join(record.value or b"" for record in topics.read("user-behaviors"))
        topics.close()
        assert [event_id.encode() in stored for event_id in sent] == [True, True]
        assert f'"tenant_id":"{TENANT}"'.encode() in stored
    finally:
        stack.down()
    assert members(stack.layout.root) == []


def _posted(client: httpx.Client, key: str) -> str:
    event = click(scenario_id="home")
    answer = client.post("/api/v1/behaviors", json=event, headers={"X-Write-Key": key})
    assert answer.json() == {"accepted": 1, "rejected": []}, answer.text
    return str(event["event_id"])


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
