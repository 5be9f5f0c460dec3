"""Kafka goes away and comes back while events come in, and the collector dies: what was accepted is stored."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition

from collector.spool.spool import CHUNK_RECORDS
from tests.contract.collector.conftest import click
from tests.kit.broker import Broker, broker
from tests.kit.collector import KEY, CollectorProcess, collection
from tests.kit.kafka import QUIET, Topics
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack

PARTITIONS = 3


@pytest.fixture(scope="module")
def kafka(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with broker(Path(request.config.option.servers), keep=request.config.option.keep_servers) as started:
        yield started


class Place:
    """Topics of a test's own, and what sends to a collector in front of them."""

    def __init__(self, kafka: Broker, folder: Path) -> None:
        self.topics, self._folder = Topics(kafka.bootstrap), folder
        self.name = f"o{secrets.token_hex(4)}"
        self.behaviors = f"{self.name}-behaviors"
        self.topics.make({self.behaviors: PARTITIONS, f"{self.name}-rejected": 1})
        self._bootstrap = kafka.bootstrap

    def collector(self, producer: Mapping[str, int] | None = None, **settings: str) -> CollectorProcess:
        own = {
            "KAFKA_BOOTSTRAP": self._bootstrap,
            "KAFKA_TOPIC_BEHAVIORS": self.behaviors,
            "KAFKA_TOPIC_REJECTED": f"{self.name}-rejected",
            "COLLECTOR_ACK_SECONDS": "2",
            **settings,
        }
        return CollectorProcess(
            self._folder, collection(sinks={"kafka": {"type": "kafka", "producer": dict(producer or {})}}), own
        )

    def stored(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(record.value or b"") for record in self.topics.read(self.behaviors)]


@pytest.fixture
def place(kafka: Broker, tmp_path: Path) -> Iterator[Place]:
    found = Place(kafka, tmp_path)
    yield found
    found.topics.close()


@contextmanager
def unanswering(kafka: Broker) -> Iterator[None]:
    """Its processes stand still."""
    processes = [psutil.Process(pid) for pid in kafka.stack.pids("kafka")]
    assert processes
    for each in processes:
        each.suspend()
    try:
        yield
    finally:
        for each in processes:
            each.resume()


class Ends:
    """How much a topic holds, asked often."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "ends", **QUIET})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def sum(self) -> int:
        places = [TopicPartition(self._topic, partition) for partition in range(PARTITIONS)]
        return sum(self._consumer.get_watermark_offsets(place, timeout=30)[1] for place in places)


class Load:
    """Clients that send batches of ten until told to stop, and note which ids were accepted, in each one's order.

    A batch that is refused, or not answered, is sent again under the same ids, as senders are told to.

    Attributes:
        open: the ids of each client's last batch while it is not accepted: nobody knows whether they are stored.
    """

    def __init__(self, url: str, clients: int = 4) -> None:
        self.accepted: dict[str, list[str]] = {f"user-{number}": [] for number in range(clients)}
        self.open: dict[str, list[str]] = {user: [] for user in self.accepted}
        self.refused = 0
        self._stop = threading.Event()
        self._url = url
        self._pool = ThreadPoolExecutor(clients)
        self._running = [self._pool.submit(self._send, user) for user in self.accepted]

    def _send(self, user: str) -> None:
        number = 0
        with httpx.Client(base_url=self._url, timeout=30, headers={"X-Write-Key": KEY}) as client:
            while not self._stop.is_set():
                if not self.open[user]:
                    self.open[user] = [f"{user}-{number + each}" for each in range(10)]
                    number += 10
                batch = [click(user=user, event_id=each) for each in self.open[user]]
                try:
                    answer = client.post("/api/v1/behaviors", json=batch)
                except httpx.TransportError:
                    self._stop.wait(0.05)
                    continue
                assert answer.status_code in (202, 503), answer.text
                if answer.status_code == 202:
                    self.accepted[user] += self.open[user]
                    self.open[user] = []
                else:
                    assert "retry-after" in answer.headers
                    self.refused += 1
                    self._stop.wait(0.05)

    @property
    def count(self) -> int:
        return sum(map(len, self.accepted.values()))

    def more(self, events: int, seconds: float = 60) -> None:
        """Wait until so many more are accepted."""
        before = self.count
        wait_for(lambda: self.count >= before + events, seconds, lambda: f"{self.count - before} of {events} accepted")

    def end(self) -> set[str]:
        self._stop.set()
        for each in self._running:
            each.result(60)
        self._pool.shutdown()
        return {event_id for ids in self.accepted.values() for event_id in ids}


def test_what_was_accepted_around_an_outage_is_stored(kafka: Broker, place: Place) -> None:
    with place.collector() as collector:
        with unanswering(kafka):
            # Nothing is sent, so nothing fails: it is found out all the same.
            wait_for(lambda: collector.client.get("/readyz").status_code == 503, 30, "it is not ready")
        wait_for(lambda: collector.client.get("/readyz").status_code == 200, 30, "it is ready again")
        load = Load(collector.url)
        try:
            load.more(300)
            kafka.stack.stop("kafka")
            wait_for(lambda: load.refused >= 8, 60, "requests are refused while Kafka is away")
            assert collector.client.get("/readyz").status_code == 503
            kafka.stack.start("kafka")
            load.more(300)
        finally:
            accepted = load.end()
    unknown = {event_id for ids in load.open.values() for event_id in ids}
    stored = {event["event_id"] for event in place.stored()}
    assert accepted <= stored <= accepted | unknown, "what was accepted, and nothing else"


def test_with_a_spool_nothing_is_refused_and_a_kill_loses_nothing(kafka: Broker, place: Place, tmp_path: Path) -> None:
    collector = place.collector(COLLECTOR_SPOOL_DIR=str(tmp_path / "spool"))
    collector.start()
    load = Load(collector.url)
    try:
        load.more(300)
        kafka.stack.stop("kafka")
        load.more(500)
        assert collector.client.get("/readyz").status_code == 200
        assert collector.metric("collector_spool_bytes") > 0
        collector.kill()
        collector.start()
        load.more(300)
        assert load.refused == 0
        kafka.stack.start("kafka")
        load.more(300)
        wait_for(lambda: collector.metric("collector_spool_bytes") == 0, 60, "the spool is empty")
    finally:
        accepted = load.end()
        collector.stop()
        collector.client.close()
    found = place.stored()
    unknown = {event_id for ids in load.open.values() for event_id in ids}
    stored = {event["event_id"] for event in found}
    assert accepted <= stored <= accepted | unknown, "what was accepted, and nothing else"
    for user, ids in load.accepted.items():
        # Each event's first appearance is in the order in which its user was told that it is accepted.
        firsts = list(dict.fromkeys(event["event_id"] for event in found if event["user_id"] == user))
        wanted = set(ids)
        assert [event_id for event_id in firsts if event_id in wanted] == ids


def test_a_kill_in_the_middle_of_the_drain_loses_nothing(kafka: Broker, place: Place, tmp_path: Path) -> None:
    # Two records in a request, one request at a time: so that there is a middle to be found.
    producer = {"batch.num.messages": 2, "max.in.flight": 1}
    collector = place.collector(producer, COLLECTOR_SPOOL_DIR=str(tmp_path / "spool"), COLLECTOR_ACK_SECONDS="20")
    users = [f"user-{number}" for number in range(4)]
    accepted: dict[str, list[str]] = {user: [] for user in users}

    def send(count: int) -> None:
        for user in users:
            ids = [f"{user}-{len(accepted[user]) + each}" for each in range(count)]
            answer = collector.post([click(user=user, event_id=each) for each in ids])
            assert answer.json() == {"accepted": count, "rejected": []}, answer.text
            accepted[user] += ids

    with Ends(kafka.bootstrap, place.behaviors) as ends:
        assert ends.sum() == 0
        with unanswering(kafka):
            collector.start()
            for _ in range(2):
                send(500)
            assert collector.metric("collector_records_spooled_total") == 4_000
        # More than what is read from the spool at a time, so that some of it is known to be sent, and some is not.
        wait_for(lambda: ends.sum() > CHUNK_RECORDS * 3 // 2, 60, "half a chunk behind the first is sent", pause=0)
        collector.kill()
        assert ends.sum() < 4_000 - CHUNK_RECORDS, "it was in the middle of it"
    collector.start()
    send(10)
    wait_for(lambda: collector.metric("collector_spool_bytes") == 0, 60, "the spool is empty")
    collector.stop()
    collector.client.close()
    found = place.stored()
    for user, ids in accepted.items():
        events = [event for event in found if event["user_id"] == user]
        assert list(dict.fromkeys(event["event_id"] for event in events)) == ids, "all of them, in their order"
        one = {event["event_id"]: event for event in events}
        assert all(event == one[event["event_id"]] for event in events), "what is repeated is the same event"
    assert 0 < len(found) - sum(map(len, accepted.values())) <= CHUNK_RECORDS, "what was not known to be sent, again"
