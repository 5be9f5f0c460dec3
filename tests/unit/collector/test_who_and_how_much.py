"""Keys, rates, and the YAML file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from clickstream.clock import ManualClock
from clickstream.errors import ConfigurationError
from clickstream.write_keys import hash_of, new_write_key
from collector.configuration import Collection, load, parse
from collector.configuration.tenants import Rate
from collector.keys import KeyRing
from collector.problem import ProblemError
from collector.rate import Bucket
from collector.sinks.kafka import KafkaOptions, KafkaSink
from tests.kit.collector import KEY, OTHER_KEY, OTHER_TENANT, TENANT, collection

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def parsed(**parts: Any) -> Collection:
    return parse(yaml.safe_dump(collection(**parts)), Path("/etc/collector.yaml"))


def status(key: str, ring: KeyRing) -> int:
    with pytest.raises(ProblemError) as raised:
        ring.find(key, NOW)
    return raised.value.status


def test_a_key_finds_its_tenant_and_no_other() -> None:
    ring = KeyRing(parsed())
    assert ring.find(KEY, NOW).tenant_id == TENANT
    assert ring.find(OTHER_KEY, NOW).tenant_id == OTHER_TENANT
    for wrong in ("", KEY[:-1], KEY + "x", hash_of(KEY), "x" * 10_000, "\ud800"):
        assert status(wrong, ring) == 401


def test_two_keys_are_valid_while_one_replaces_the_other() -> None:
    keys = [new_write_key(), new_write_key(), new_write_key()]
    ends = ["2027-01-01T00:00:00Z", None, "2026-06-01T00:00:00Z"]
    tenant = {"keys": [{"sha256": hash_of(key), "expires": end} for key, end in zip(keys, ends, strict=True)]}
    ring = KeyRing(parsed(tenants={"t": tenant}))
    assert [ring.find(key, NOW).tenant_id for key in keys[:2]] == ["t", "t"]
    assert status(keys[2], ring) == 401


def test_a_bucket_lets_the_rate_through_and_says_when_to_come_again() -> None:
    clock = ManualClock()
    bucket = Bucket(Rate(events_per_second=10, burst=20), 1, clock)
    bucket.take(20)
    with pytest.raises(ProblemError) as raised:
        bucket.take(15)
    assert (raised.value.status, raised.value.headers["Retry-After"]) == (429, "2")
    clock.advance(1.5)
    bucket.take(15)
    clock.advance(100)
    bucket.take(50)  # larger than the burst: a full bucket lets it through, and it leaves a debt
    clock.advance(2)
    with pytest.raises(ProblemError):
        bucket.take(1)


def test_a_worker_has_its_share_of_the_rate() -> None:
    bucket = Bucket(Rate(events_per_second=10, burst=20), 0.5, ManualClock())
    bucket.take(10)
    with pytest.raises(ProblemError):
        bucket.take(1)


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"tenant": {}}, "tenant: Extra inputs"),
        ({"tenants": {}}, "tenants: "),
        ({"tenants": {"t": {"keys": []}}}, "tenants.t.keys: "),
        ({"tenants": {"t": {"keys": [{"sha256": "abc"}]}}}, "tenants.t.keys.0.sha256: "),
        ({"tenants": {"t": {"keys": [{"sha256": "a" * 64}], "origins": ["shop.example"]}}}, "is no origin"),
        ({"tenants": {name: {"keys": [{"sha256": "a" * 64}]} for name in "ab"}}, "have the same key"),
        ({"sources": {"behaviors": {"mapping": {"names": {"sku": "item"}}}}}, "'item' is no field"),
        ({"sources": {"behaviors": {"mapping": {"defaults": {"tenant_id": "x"}}}}}, "is filled in by the collector"),
        ({"sources": {"pixel": {"sinks": ["nowhere"]}}}, "names 'nowhere'"),
        ({"sinks": {"k": {"type": "kafka", "producer": {"acks": 1}}}}, "acks is 1"),
        ({"sinks": {"k": {"type": "kafka", "producer": {"enable.idempotence": False}}}}, "enable.idempotence is False"),
        ({"sinks": {"k": {"type": "mail"}}}, "sinks.k: Input tag 'mail'"),
        ({"sinks": {"k": {"type": "avro"}}}, "sinks.k.avro.folder: Field required"),
        ({"sinks": {"k": {"type": "kafka", "avro": {}}}}, "name a topic too"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(parts: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigurationError, match="/etc/collector.yaml: ") as raised:
        parsed(**parts)
    assert place in str(raised.value)


def test_without_a_file_it_says_how_to_make_one() -> None:
    with pytest.raises(ConfigurationError, match="clickstream write-key"):
        load(None)
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load(Path("/nowhere.yaml"))


def test_a_key_that_stands_twice_is_named_with_its_line() -> None:
    one = yaml.safe_dump({"tenants": {"one": {"keys": [{"sha256": "a" * 64}]}}})
    two = yaml.safe_dump({"tenants": {"two": {"keys": [{"sha256": "b" * 64}]}}})
    with pytest.raises(ConfigurationError, match=r"(?s)'tenants' stands there twice.*line 5"):
        parse(one + two, Path("/etc/collector.yaml"))
    shared = "tenants:\n  one: &it\n    keys: [{sha256: " + "a" * 64 + "}]\n"
    merged = "  two:\n    <<: *it\n    keys: [{sha256: " + "b" * 64 + "}]\n"
    assert list(parse(shared + merged, Path("/etc/collector.yaml")).tenants) == ["one", "two"]


def test_what_the_kafka_client_refuses_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"sinks\.k\.producer: .*no\.such\.property"):
        KafkaSink("k", KafkaOptions({"bootstrap.servers": "127.0.0.1:1", "no.such.property": 1}, "t", "r"))
