"""Against the broker that the Kafka client carries within itself: real connections, real protocol, chosen errors."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from clickstream.errors import UnavailableError
from clickstream.generator import kafka_writer
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import generate

pytestmark = pytest.mark.net

TOPIC = "user-behaviors"
MODEL = TrafficModel(events=30_000, users=500)


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    broker = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    yield ",".join(f"{found.host}:{found.port}" for found in broker.list_topics(timeout=10).brokers.values())
    broker.flush(0)


def consume(bootstrap: str, topic: str, count: int) -> list[Any]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "log_level": 0})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    records: list[Any] = []
    while len(records) < count:
        found = consumer.consume(5000, timeout=20)
        assert found, f"only {len(records)} of {count} records came"
        records += found
    consumer.close()
    return records


def test_every_record_arrives_once_with_key_and_timestamp_and_in_order_of_its_key(bootstrap: str) -> None:
    sent: dict[bytes, list[tuple[bytes, int]]] = {}
    with KafkaWriter(bootstrap, TOPIC) as writer:
        for chunk in generate(MODEL):
            writer.write(chunk)
            for key, value, at in zip(chunk.keys, chunk.values, chunk.timestamps, strict=True):
                sent.setdefault(key, []).append((value, at))
    received: dict[bytes, list[tuple[bytes, int]]] = {}
    for record in consume(bootstrap, TOPIC, MODEL.events):
        received.setdefault(record.key(), []).append((record.value(), record.timestamp()[1]))
    assert received == sent


def test_writing_waits_while_too_much_is_in_flight(bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_writer, "MOST_IN_FLIGHT", 12_000)
    # The queue of the client is small too: were it ever overrun, writing would raise BufferError.
    with KafkaWriter(bootstrap, "narrow", {"queue.buffering.max.messages": 12_000}) as writer:
        for chunk in generate(MODEL):
            writer.write(chunk)
    assert len(consume(bootstrap, "narrow", MODEL.events)) == MODEL.events


def test_records_that_are_not_acknowledged_in_time_are_an_error() -> None:
    chunk = next(generate(MODEL))
    # A broker that answers after a second, and half a second's patience.
    settings = {"test.mock.num.brokers": 1, "test.mock.broker.rtt": 1000, "delivery.timeout.ms": 500}
    writer = KafkaWriter("unused:1", "slow", settings)
    with pytest.raises(UnavailableError, match=r"refused .* records for slow.*start again"), writer:
        writer.write(chunk)


def test_a_record_that_the_client_refuses_is_an_error(bootstrap: str) -> None:
    chunk = next(generate(MODEL))
    settings = {"message.max.bytes": 1000, "batch.size": 1000}
    with pytest.raises(UnavailableError, match="too large"), KafkaWriter(bootstrap, TOPIC, settings) as writer:
        writer.write(chunk)


def test_what_waits_is_dropped_when_the_run_fails(bootstrap: str) -> None:
    chunk = next(generate(MODEL))
    with pytest.raises(RuntimeError, match="the run failed"), KafkaWriter(bootstrap, "failed") as writer:
        writer.write(chunk)
        raise RuntimeError("the run failed")
