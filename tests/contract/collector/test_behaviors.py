"""POST /api/v1/behaviors on a real broker: what is answered is what the topics hold."""

import json

import pytest

from tests.contract.collector.conftest import Collected, click
from tests.kit.collector import KEY, OTHER_KEY, OTHER_TENANT, TENANT

pytestmark = pytest.mark.stack


def test_an_accepted_event_is_in_the_topic_complete(collected: Collected) -> None:
    event = click(user="complete")
    del event["event_id"]
    answer = collected.collector.post(event)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
    record = next(record for record in collected.records() if record.key == b"complete")
    (found,) = [each for each in collected.events() if each["user_id"] == "complete"]
    assert found["tenant_id"] == TENANT
    assert found["scenario_id"] == "web"
    assert found["event_name"] == "click"
    assert len(found["event_id"]) == 36
    assert found["event_id"][14] == "7"
    assert abs(found["received_at"] - event["timestamp"]) < 60_000
    assert record.key == b"complete"


def test_each_bad_event_is_named_and_the_good_ones_are_stored(collected: Collected) -> None:
    good, other = click(user="mixed"), click(user="mixed")
    bad = [click(action_type="teleport"), click(x="left"), 5, click(tenant_id=OTHER_TENANT)]
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
    refused = [each for each in collected.refused() if each["tenant_id"] == TENANT]
    assert [each["reason"] for each in refused] == [
        "unknown_action",
        "wrong_type",
        "not_an_object",
        "tenant_mismatch",
    ]
    assert collected.collector.metric("collector_events_rejected_total", tenant=TENANT, reason="wrong_type") == 1


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
    tenants = {event["tenant_id"] for event in collected.events() if event["user_id"] == "crossing"}
    assert tenants == {OTHER_TENANT}


def test_it_is_ready_and_alive(collected: Collected) -> None:
    assert collected.collector.client.get("/healthz").text == "ok"
    ready = collected.collector.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": {}})
