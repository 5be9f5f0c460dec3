"""Dead letters and rejects by tenant: out of the topics as the jobs and the collector write them."""

import json
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.dead_letters.ledger import Ledger
from analytics.services import Services
from analytics.tokens import Tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, KafkaSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.events.rejection import Rejection
from clickstream.events.sent import Refused
from clickstream.names import DeadLetterReason, RejectReason
from collector.records import rejected_record
from sinks.dead_letters.record import DeadLetter, Rejected, encode, kept
from tests.contract.analytics.service import Client, running
from tests.kit.broker import Broker, broker
from tests.kit.kafka import Record, Topics

pytestmark = pytest.mark.stack

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = 3400  # more than two stretches in one partition
DAY = {"start_time": "2026-03-01", "end_time": "2026-03-02"}


def at(minutes: float) -> int:
    return int((NOON + timedelta(minutes=minutes)).timestamp() * 1000)


def event(tenant: str, name: str, scenario: str = "home") -> bytes:
    return json.dumps({"tenant_id": tenant, "scenario_id": scenario, "event_id": name, "secret": "s3cret"}).encode()


def dead(value: bytes | None, reason: DeadLetterReason, offset: int = 0) -> bytes:
    return encode(
        DeadLetter(
            reason=reason,
            code=469,
            message="Constraint `c` is violated",
            attempts=1,
            shard=0,
            node="http://ch:8123",
            table="user_behaviors_local",
            epoch=7,
            partition=1,
            offset=offset,
            kafka_topic="user-behaviors",
            kafka_partition=1,
            kafka_offset=offset,
            record_ms=at(-1),
            failed_at=NOON,
            **kept(value),
        )
    )


def rejected(value: bytes | None, reason: RejectReason, field: str = "") -> bytes:
    return encode(Rejected(reason=reason, field=field, epoch=7, partition=1, offset=2, record_ms=at(-1), **kept(value)))


def by_the_collector(tenant: str, value: bytes, reason: RejectReason) -> bytes:
    return rejected_record(Refused(0, Rejection(reason, "user_id"), value), tenant, at(0), 10_000).value


@pytest.fixture(scope="module")
def kafka(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with broker(Path(request.config.option.servers) / "dead-letters", keep=request.config.option.keep_servers) as made:
        yield made


@pytest.fixture(scope="module")
def settings(kafka: Broker) -> Iterator[KafkaSettings]:
    """Two topics with letters of two tenants, and of nobody."""
    mark = uuid.uuid4().hex[:8]
    named = KafkaSettings(
        bootstrap=kafka.bootstrap, topic_dead_letters=f"dead-{mark}", topic_rejected=f"rejected-{mark}"
    )
    topics = Topics(kafka.bootstrap)
    topics.make({named.topic_dead_letters: 2, named.topic_rejected: 1})
    refused, away = DeadLetterReason.REFUSED, DeadLetterReason.UNAVAILABLE
    topics.send(
        named.topic_dead_letters,
        [
            Record(dead(event("aurora", "yesterday"), refused), partition=0, timestamp=at(-24 * 60)),
            *(
                Record(dead(event("aurora", f"a{number}"), refused, number), partition=0, timestamp=at(number / 100))
                for number in range(MANY)
            ),
            Record(dead(event("aurora", "last", "cart"), away), partition=1, timestamp=at(60)),
            Record(dead(event("borealis", "b"), refused), partition=1, timestamp=at(61)),
            Record(dead(None, refused), partition=1, timestamp=at(62)),
            Record(b"not ours", partition=1, timestamp=at(63)),
            Record(None, b"key", partition=1, timestamp=at(64)),
            Record(dead(event("aurora", "tomorrow"), refused), partition=1, timestamp=at(24 * 60)),
        ],
    )
    topics.send(
        named.topic_rejected,
        [
            Record(rejected(event("aurora", "r"), RejectReason.WRONG_TYPE, "position"), timestamp=at(1)),
            Record(rejected(b'{"tenant_id": "aurora"', RejectReason.NOT_JSON), timestamp=at(2)),
            Record(rejected(b'\xff"aurora"', RejectReason.NOT_UTF8), timestamp=at(3)),
            Record(rejected(b'{"tenant_id": ["aurora"]}', RejectReason.WRONG_TYPE, "tenant_id"), timestamp=at(4)),
            # The event says another tenant than the write key that it came with: it is the key's.
            Record(by_the_collector("aurora", event("borealis", "x"), RejectReason.TENANT_MISMATCH), timestamp=at(5)),
            Record(by_the_collector("borealis", b"{", RejectReason.NOT_JSON), timestamp=at(6)),
        ],
    )
    yield named
    topics.close()


@pytest.fixture(scope="module")
def addresses(settings: KafkaSettings, tokens: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A service that may read much, and one that may read little."""
    with serving(settings, tokens, 100_000) as much, serving(settings, tokens, 1500) as little:
        yield much, little


def serving(kafka: KafkaSettings, tokens: dict[str, str], records: int) -> AbstractContextManager[str]:
    clock = SystemClock()
    own = AnalyticsSettings(tokens_file=Path(tokens["file"]))
    return running(
        Services(
            settings=own,
            tokens=Tokens(own.tokens_file),
            warehouse=Warehouse(ClickHouseSettings(urls="http://127.0.0.1:1/none"), own, clock),
            lookup=None,
            clock=clock,
            dead_letters=Ledger(kafka, records, 5.0, clock),
        )
    )


def test_a_tenants_letters_are_counted_and_listed(addresses: tuple[str, str], tokens: dict[str, str]) -> None:
    with Client(addresses[0], tokens["aurora"]) as client:
        found = client.get("dead-letters", limit=3, **DAY)
        assert {(each["kind"], each["reason"]): each["count"] for each in found["counts"]} == {
            ("dead_letter", "refused"): MANY,
            ("dead_letter", "unavailable"): 1,
            ("rejected", "wrong_type"): 1,
            ("rejected", "tenant_mismatch"): 1,
        }
        assert (found["total"], found["complete"], len(found["letters"])) == (MANY + 3, True, 3)
        assert [each["event_id"] for each in found["letters"]] == ["last", f"a{MANY - 1}", f"a{MANY - 2}"]
        newest = found["letters"][0]
        assert newest["kept_at"] == "2026-03-01T13:00:00Z"
        assert json.loads(newest["raw"])["secret"] == "s3cret"
        assert [newest[name] for name in ("scenario_id", "code", "table", "epoch", "attempts")] == [
            "cart",
            469,
            "user_behaviors_local",
            7,
            1,
        ]
        (wrong,) = client.get("dead-letters", kind="rejected", reason="wrong_type", **DAY)["letters"]
        assert (wrong["field"], wrong["event_id"]) == ("position", "r")
        (cart,) = client.get("dead-letters", scenario_id="cart", **DAY)["letters"]
        assert cart == newest
        later = client.get("dead-letters", start_time="2026-03-01T12:59:00Z", end_time="2026-03-03")
        assert [each["event_id"] for each in later["letters"]] == ["tomorrow", "last"]
        nothing = client.get("dead-letters", start_time="2026-02-01", end_time="2026-02-02")
        assert (nothing["total"], nothing["counts"], nothing["complete"]) == (0, [], True)


def test_no_tenant_reads_anothers_and_readers_see_no_events(addresses: tuple[str, str], tokens: dict[str, str]) -> None:
    with Client(addresses[0], tokens["borealis"]) as other:
        found = other.get("dead-letters", **DAY)
        assert sorted((each["kind"], each["reason"]) for each in found["letters"]) == [
            ("dead_letter", "refused"),
            ("rejected", "not_json"),
        ]
        assert other.refused("dead-letters", tenant_id="aurora")[0] == 403
    with Client(addresses[0], tokens["reader"]) as reader:
        letters = reader.get("dead-letters", limit=500, **DAY)["letters"]
        assert len(letters) == 500
        assert {each["raw"] for each in letters} == {None}
        assert "s3cret" not in json.dumps(letters)
    with Client(addresses[0], tokens["admin only"]) as admin:
        assert admin.refused("dead-letters")[0] == 403


def test_more_than_may_be_read_is_said_and_the_newest_is_kept(
    addresses: tuple[str, str], tokens: dict[str, str]
) -> None:
    with Client(addresses[1], tokens["aurora"]) as client:
        found = client.get("dead-letters", limit=2, **DAY)
        assert found["complete"] is False
        assert found["letters"][0]["event_id"] == "last"
        assert found["scanned"] < MANY


def test_kafka_away_is_told(tokens: dict[str, str]) -> None:
    with (
        serving(KafkaSettings(bootstrap="127.0.0.1:1"), tokens, 100) as address,
        Client(address, tokens["aurora"]) as client,
    ):
        status, said = client.refused("dead-letters")
        assert (status, "CLICKSTREAM_KAFKA_BOOTSTRAP" in said) == (503, True)
