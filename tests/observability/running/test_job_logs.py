"""What collector and jobs log of an event that is refused, and of one that becomes a dead letter: not whose it was."""

import json
import secrets

import pytest
from confluent_kafka import Producer

from tests.kit.waiting import wait_for
from tests.observability.platform import Platform
from tests.observability.visits import click

pytestmark = pytest.mark.stack


def test_no_log_names_who_a_reject_or_a_dead_letter_is_about(platform: Platform) -> None:
    mark = f"marked-{secrets.token_hex(8)}"
    about = {"user_id": mark, "session_id": mark, "url": f"https://x.example/?u={mark}", "extra_data": {"mail": mark}}
    assert platform.visits is not None
    # Every node refuses shares: the sink tries, bisects, and gives up. The collector would not let the others pass.
    platform.visits.send(click(action_type="share", **about))
    refused = [json.dumps(click(tenant_id="aurora", timestamp=1, **about)).encode(), f'{{"user_id": "{mark}"'.encode()]
    producer = Producer({"bootstrap.servers": platform.pipeline.servers.bootstrap})
    for value in refused:
        producer.produce(platform.pipeline.behaviors, value)
    assert producer.flush(30) == 0

    def kept() -> bool:
        letters = [each.raw or "" for each in platform.pipeline.dead_letters().values()]
        rejects = [each.raw or "" for each in platform.pipeline.rejects().values()]
        return any(mark in raw for raw in letters) and sum(mark in raw for raw in rejects) == len(refused)

    wait_for(kept, 120, "the marked events are a dead letter and rejects", pause=1)
    logs = [path for path in platform.pipeline.servers.stack.layout.logs.rglob("*") if path.is_file()]
    assert {"collector.log", "taskmanager.log"} <= {path.name for path in logs}
    assert [path for path in logs if mark.encode() in path.read_bytes()] == []
