"""Compressed bodies, the course's body, the pixel, pages of other origins, consent: what each leaves in the topic."""

import gzip
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import zstandard

from tests.contract.collector.conftest import Collected, click
from tests.kit.collector import KEY, OTHER_KEY, SERVER_KEY

pytestmark = pytest.mark.stack

PHONE = (
    "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"
)


def of_user(collected: Collected, user: str) -> list[dict[str, Any]]:
    return [event for event in collected.events() if event["user_id"] == user]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_compressed_bodies(collected: Collected, encoding: str) -> None:
    body = json.dumps([click(user=encoding)] * 3).encode()
    packed = gzip.compress(body) if encoding == "gzip" else zstandard.compress(body)
    headers = {"X-Write-Key": KEY, "Content-Encoding": encoding, "Content-Type": "application/json"}
    answer = collected.collector.client.post("/api/v1/behaviors", content=packed, headers=headers)
    assert answer.json() == {"accepted": 3, "rejected": []}
    assert len(of_user(collected, encoding)) == 3


def test_the_course_body(collected: Collected) -> None:
    event = {
        "type": "click",
        "session_id": "user-session-1001",
        "user_id": 1001,
        "url": "/catalog?foo=bar",
        "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "user_agent": PHONE,
        "payload": {"event_title": "checkout", "element_id": "#submit-button", "x": 445, "y": 315},
    }
    answer = collected.collector.client.post("/events", json=[event], headers={"X-Write-Key": OTHER_KEY})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
    (found,) = of_user(collected, "1001")
    assert (found["scenario_id"], found["action_type"], found["event_name"]) == ("web", "custom", "click")
    assert (found["title"], found["element_id"], found["x"], found["y"]) == ("checkout", "#submit-button", 445, 315)
    assert found["context"]["device_type"] == "mobile"


def test_the_pixel(collected: Collected) -> None:
    told = {"key": KEY, "user_id": "mail", "x": "7", "campaign": "may"}
    assert collected.collector.client.head("/t.gif", params=told).status_code == 200, "a look at it is no event"
    answer = collected.collector.client.get("/t.gif", params=told)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a")
    (found,) = of_user(collected, "mail")
    assert (found["action_type"], found["x"], found["extra_data"]) == ("pageview", 7, {"campaign": "may"})
    wrong = collected.collector.client.get("/t.gif", params={"key": KEY, "action_type": "teleport"})
    assert (wrong.status_code, wrong.headers["x-rejected"]) == (400, "unknown_action action_type")
    assert collected.collector.client.get("/t.gif").status_code == 401


def test_origins_are_each_tenants_own(collected: Collected) -> None:
    client = collected.collector.client
    own, stranger = {"Origin": "https://another.example"}, {"Origin": "https://evil.example"}
    taken = collected.collector.post(click(scenario_id="s"), key=OTHER_KEY, headers=own)
    assert (taken.status_code, taken.headers["access-control-allow-origin"]) == (202, own["Origin"])
    refused = collected.collector.post(click(user="stranger"), key=OTHER_KEY, headers=stranger)
    assert (refused.status_code, refused.json()["error"]) == (403, "origin")
    assert of_user(collected, "stranger") == []
    asked = client.options("/api/v1/behaviors", headers={**own, "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 204
    assert "x-write-key" in asked.headers["access-control-allow-headers"]


def test_the_request_says_who_visits_and_only_servers_may_say_otherwise(collected: Collected) -> None:
    claim = {"ip": "203.0.113.77", "location": "XX-YY/Nowhere"}
    collected.collector.post(
        click(user="claims", context=claim), headers={"User-Agent": PHONE, "Accept-Language": "de-DE,de"}
    )
    (found,) = of_user(collected, "claims")
    context = found["context"]
    assert (context["ip"], context["language"], context["os"], context["is_bot"]) == (
        "127.0.0.0",
        "de-DE",
        "Android",
        False,
    )
    assert "location" not in context
    collected.collector.post(click(user="server", context={**claim, "user_agent": PHONE}), key=SERVER_KEY)
    (found,) = of_user(collected, "server")
    assert (found["context"]["ip"], found["context"]["location"]) == ("203.0.113.0", "XX-YY/Nowhere")
    collected.collector.post(
        click(user="robot"), headers={"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
    )
    assert of_user(collected, "robot")[0]["context"]["is_bot"] is True


def test_without_consent_nobody_is_identified(collected: Collected) -> None:
    for number, headers in enumerate(({"DNT": "1"}, {"Sec-GPC": "1"}, {"X-Consent": "0"})):
        event = click(user="secret", session_id="session", order_id="o-1", event_id=f"no-consent-{number}")
        assert collected.collector.post(event, headers=headers).json()["accepted"] == 1
    found = [event for event in collected.events() if event["event_id"].startswith("no-consent-")]
    assert [event["user_id"] for event in found] == ["anonymous"] * 3
    assert not any(
        {"session_id", "order_id"} & event.keys() or {"ip", "user_agent"} & event["context"].keys() for event in found
    )
    agreed = click(user="agreed")
    collected.collector.client.post(f"/api/v1/behaviors?key={KEY}&consent=1", json=agreed, headers={"DNT": "1"})
    assert len(of_user(collected, "agreed")) == 1


def test_openapi_describes_the_ways_in(collected: Collected) -> None:
    described = collected.collector.client.get("/openapi.json").json()
    assert {"/api/v1/behaviors", "/events", "/t.gif"} <= described["paths"].keys()
    example = described["paths"]["/api/v1/behaviors"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    body = [{**event, "timestamp": int(time.time() * 1000)} for event in example["array"]["value"]]
    assert collected.collector.post(body).json() == {"accepted": len(body), "rejected": []}
