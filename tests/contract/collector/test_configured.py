"""What the YAML file and the settings say is what the running collector does; its sinks are files."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clickstream.write_keys import hash_of
from collector.cat import cat
from tests.contract.collector.conftest import click
from tests.kit.collector import KEY, CollectorProcess, collection
from tests.unit.collector import mmdb

pytestmark = pytest.mark.net

BERLIN = {
    "country": {"iso_code": "DE"},
    "subdivisions": [{"iso_code": "BE"}],
    "city": {"names": {"en": "Berlin"}},
}
FROM_BERLIN = {"X-Forwarded-For": "203.0.113.77"}
PRIVACY: dict[str, dict[str, Any]] = {
    "hashing": {"ip": "hashed"},
    "silent": {"ip": "none"},
    "dropping": {"without_consent": "drop"},
    "asking": {"consent_required": True, "without_consent": "drop"},
    "deaf": {"honour_dnt": False, "honour_gpc": False},
}
COUPON = {"type": "object", "required": ["code"], "properties": {"lines": {"items": {"required": ["amount"]}}}}
RATING = {"type": "record", "name": "Rating", "fields": [{"name": "stars", "type": "int"}]}
MAPPING = {
    "names": {"sku": "item_id"},
    "words": {"action_type": {"purchase": "order"}},
    "defaults": {"channel": "app"},
}


def key_of(tenant: str) -> str:
    return f"cs_key-of-{tenant}"


class Configured:
    """A collector with one of everything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        mmdb.write(folder / "city.mmdb", {"203.0.113.0/24": BERLIN})
        (folder / "rating.avsc").write_text(json.dumps(RATING))
        made = collection(
            sinks={name: {"type": "file", "folder": name} for name in ("lake", "mail")},
            sources={
                "behaviors": {"sinks": ["lake"], "mapping": MAPPING},
                "events": {"enabled": False},
                "pixel": {"sinks": ["mail"]},
            },
            events={"coupon": {"json_schema": COUPON}, "rating": {"avro": "rating.avsc"}},
            undeclared_events=False,
        )
        for name, privacy in PRIVACY.items():
            made["tenants"][name] = {"keys": [{"sha256": hash_of(key_of(name))}], "scenario": "web", "privacy": privacy}
        settings = {
            "COLLECTOR_GEO_DATABASE": str(folder / "city.mmdb"),
            "COLLECTOR_TRUSTED_PROXIES": "127.0.0.0/8",
        }
        self.process = CollectorProcess(folder, made, settings)

    def text(self, sink: str, prefix: str = "events") -> str:
        """All that stands in a sink's files."""
        out = io.BytesIO()
        cat(sorted((self._folder / sink).glob(f"{prefix}-*")), out)
        return out.getvalue().decode()

    def stored(self, user: str, sink: str = "lake") -> list[dict[str, Any]]:
        """Events of a user, or of an event_id, in a sink."""
        found = [json.loads(line) for line in self.text(sink).splitlines()]
        return [event for event in found if user in {event["user_id"], event["event_id"]}]

    def context(self, user: str, tenant: str) -> dict[str, Any]:
        """That of an event of a user in Berlin."""
        answer = self.process.post(click(user=user), key=key_of(tenant), headers=FROM_BERLIN)
        assert answer.json() == {"accepted": 1, "rejected": []}
        found: dict[str, Any] = self.stored(user)[-1]["context"]
        return found


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Configured]:
    made = Configured(tmp_path_factory.mktemp("configured"))
    with made.process:
        yield made


def test_names_words_and_defaults_are_those_of_the_source(configured: Configured) -> None:
    event = click(user="mapped", action_type="purchase", sku="i-7")
    del event["item_id"]
    assert configured.process.post(event).json() == {"accepted": 1, "rejected": []}
    (found,) = configured.stored("mapped")
    assert (found["item_id"], found["action_type"], found["channel"]) == ("i-7", "order", "app")
    pixel = {"key": KEY, "user_id": "mapped", "sku": "i-7", "action_type": "purchase"}
    refused = configured.process.client.get("/t.gif", params=pixel)
    assert (refused.status_code, refused.headers["x-rejected"]) == (400, "unknown_action action_type")


def test_a_source_writes_to_its_own_sinks_and_one_that_is_off_is_not_there(configured: Configured) -> None:
    assert configured.process.client.get("/t.gif", params={"key": KEY, "user_id": "pixel"}).status_code == 200
    configured.process.post(click(user="behaviors"))
    seen = {sink: [bool(configured.stored(user, sink)) for user in ("pixel", "behaviors")] for sink in ("lake", "mail")}
    assert seen == {"lake": [False, True], "mail": [True, False]}
    assert configured.process.client.post("/events", json=[], headers={"X-Write-Key": KEY}).status_code == 404
    assert configured.process.client.get("/openapi.json").json()["paths"].keys() == {"/api/v1/behaviors", "/t.gif"}


def test_custom_events_are_held_to_their_schemas(configured: Configured) -> None:
    def custom(name: str, extra: dict[str, Any]) -> dict[str, Any]:
        return click(user="custom", action_type="custom", event_name=name, extra_data=extra)

    answer = configured.process.post(
        [
            custom("coupon", {"code": "A", "lines": [{"amount": 1}]}),
            custom("coupon", {"lines": []}),
            custom("coupon", {"code": "A", "lines": [{"amount": 1}, {}]}),
            custom("rating", {"stars": 5}),
            custom("rating", {"stars": "five"}),
            custom("survey", {}),
            click(user="custom", action_type="coupon", extra_data={}),
        ]
    )
    assert answer.status_code == 202
    assert [(each["index"], each["reason"], each["field"]) for each in answer.json()["rejected"]] == [
        (1, "schema_mismatch", "extra_data.code"),
        (2, "schema_mismatch", "extra_data.lines.1.amount"),
        (4, "schema_mismatch", "extra_data.stars"),
        (5, "undeclared_event", "event_name"),
        (6, "schema_mismatch", "extra_data.code"),
    ]
    assert [event["event_name"] for event in configured.stored("custom")] == ["coupon", "rating"]
    assert configured.text("lake", "rejected").count("schema_mismatch") == 4


def test_an_address_is_looked_up_and_kept_as_the_tenant_says(configured: Configured) -> None:
    found = configured.context("from-berlin", "deaf")
    assert (found["location"], found["ip"]) == ("DE-BE/Berlin", "203.0.113.0")
    assert "ip" not in configured.context("from-berlin", "silent")
    hashed = [configured.context("from-berlin", "hashing")["ip"] for _ in range(2)]
    assert hashed[0] == hashed[1]
    assert len(hashed[0]) == 32
    assert "203.0.113.77" not in configured.text("lake")


@pytest.mark.parametrize(
    ("tenant", "headers", "accepted"),
    [
        ("dropping", {}, True),
        ("dropping", {"DNT": "1"}, False),
        ("dropping", {"Sec-GPC": "1"}, False),
        ("asking", {}, False),
        ("asking", {"X-Consent": "1"}, True),
        ("deaf", {"DNT": "1", "Sec-GPC": "1"}, True),
        ("deaf", {"X-Consent": "0"}, True),
    ],
)
def test_whom_no_consent_allows_is_in_no_file(
    configured: Configured, tenant: str, headers: dict[str, str], accepted: bool
) -> None:
    user = f"{tenant}-{'-'.join(headers)}"
    name = user if accepted else f"nobody-{user}"
    good, wrong = click(user=name), click(user=name, x="left")
    answer = configured.process.post([good, wrong], key=key_of(tenant), headers=headers).json()
    assert answer["accepted"] == accepted
    reasons = [each["reason"] for each in answer["rejected"]]
    assert reasons == (["wrong_type"] if accepted else ["no_consent", "wrong_type"])
    kept = [name in configured.text("lake", prefix) for prefix in ("events", "rejected")]
    said_no = headers.get("X-Consent") == "0"
    assert kept == [accepted and not said_no, accepted and not said_no]
    if said_no:
        (anonymous,) = configured.stored(good["event_id"])
        assert anonymous["user_id"] == "anonymous"
