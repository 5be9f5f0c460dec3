"""POST /api/v1/behaviors on a real broker: what is answered is what the topics hold."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from tests.contract.collector.conftest import Collected, click
from tests.kit.collector import KEY, OTHER_KEY, OTHER_TENANT, TENANT

pytestmark = pytest.mark.stack


def test_an_accepted_event_is_in_the_topic_complete(collected: Collected) -> None:
    event = click(user="complete")
    del event["event_id"]
    answer = collected.collector.post(event)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
    (record,) = [record for record in collected.records() if record.key == b"complete"]
    found = msgspec.json.decode(record.value or b"")
    assert found["user_id"] == "complete"
    assert found["tenant_id"] == TENANT
    assert found["scenario_id"] == "web"
    assert found["event_name"] == "click"
    assert len(found["event_id"]) == 36
    assert found["event_id"][14] == "7"
    assert abs(found["received_at"] - event["timestamp"]) < 60_000


def test_each_bad_event_is_named_and_the_good_ones_are_stored(collected: Collected) -> None:
    good, other = click(user="mixed"), click(user="mixed")
    bad = [click(action_type="teleport"), click(x="left"), 5, click(tenant_id=OTHER_TENANT)]
    before = len(collected.refused())
    counted = {"tenant": TENANT, "reason": "wrong_type"}
    wrong = collected.collector.metric("collector_events_rejected_total", **counted)
    answer = collected.collector.post([good, bad[0], bad[1], other, bad[2], bad[3]])
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 2,
        "rejected": [
            {"index": 1, "field": "action_type", "reason": "unknown_action"},
            {"index": 2, "field": "x", "reason": "wrong_type"},
            {"index": 4, "field": "", "reason": "not_an_object"},
            {"index": 5, "field": "tenant_id", "reason": "tenant_mismatch"},
        ],
    }
    stored = {event["event_id"] for event in collected.events() if event["user_id"] == "mixed"}
    assert stored == {good["event_id"], other["event_id"]}
    refused = collected.refused()[before:]
    assert [(each["tenant_id"], each["reason"], json.loads(each["raw"])) for each in refused] == [
        (TENANT, "unknown_action", bad[0]),
        (TENANT, "wrong_type", bad[1]),
        (TENANT, "not_an_object", 5),
        (TENANT, "tenant_mismatch", bad[3]),
    ]
    assert collected.collector.metric("collector_events_rejected_total", **counted) == wrong + 1


def test_beacons_send_text_plain_and_the_key_in_the_query(collected: Collected) -> None:
    answer = collected.collector.client.post(
        f"/api/v1/behaviors?key={KEY}",
        content=json.dumps([click(user="beacon")]),
        headers={"Content-Type": "text/plain;charset=UTF-8"},
    )
    assert answer.status_code == 202, answer.text
    assert any(event["user_id"] == "beacon" for event in collected.events())


def test_no_key_no_write(collected: Collected) -> None:
    for key in ("", "cs_wrong", KEY[:-1], KEY + "x"):
        answer = collected.collector.post(click(user="nobody"), key=key)
        assert answer.status_code == 401
        assert answer.json()["error"] == "write_key"
    assert not any(event["user_id"] == "nobody" for event in collected.events())


def test_a_key_writes_for_its_own_tenant_only(collected: Collected) -> None:
    mine = click(user="crossing", tenant_id=TENANT, scenario_id="s")
    answer = collected.collector.post([mine, click(user="crossing", scenario_id="s")], key=OTHER_KEY)
    assert answer.json() == {
        "accepted": 1,
        "rejected": [{"index": 0, "field": "tenant_id", "reason": "tenant_mismatch"}],
    }
    client = collected.collector.client
    now = datetime.now(UTC).isoformat()
    course = {"type": "click", "user_id": "crossing", "url": "/", "created_at": now, "payload": {}}
    for body in ({**course, "tenant_id": TENANT}, {**course, "payload": {"tenant_id": TENANT}}):
        answer = client.post("/events", json=[body], headers={"X-Write-Key": OTHER_KEY})
        assert answer.json()["rejected"] == [{"index": 0, "field": "tenant_id", "reason": "tenant_mismatch"}]
    pixel = client.get("/t.gif", params={"key": OTHER_KEY, "user_id": "crossing", "tenant_id": TENANT})
    assert (pixel.status_code, pixel.headers["x-rejected"]) == (400, "tenant_mismatch tenant_id")
    answer = client.post(f"/api/v1/behaviors?key={KEY}", json=[mine], headers={"X-Write-Key": OTHER_KEY})
    assert answer.json()["accepted"] == 0, "the header's key counts, whatever the address says"
    tenants = {event["tenant_id"] for event in collected.events() if event["user_id"] == "crossing"}
    assert tenants == {OTHER_TENANT}


def test_it_is_ready_and_alive(collected: Collected) -> None:
    assert collected.collector.client.get("/healthz").text == "ok"
    ready = collected.collector.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": {}})
