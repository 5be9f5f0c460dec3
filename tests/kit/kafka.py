"""Topics of a test's own: made, filled, read to their end, deleted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from clickstream.kafka import topic_id
from tests.kit.waiting import wait_for

QUIET = {"log_level": 0}


@dataclass(frozen=True)
class Record:
    """A record to be sent, or one that was read. `timestamp` is in ms since the epoch; None: the client's clock."""

    value: bytes | None
    key: bytes | None = None
    partition: int = -1
    timestamp: int | None = None
    offset: int = -1
    headers: tuple[tuple[str, bytes], ...] = ()


class Topics:
    """Topics on one Kafka cluster; those that were made here are deleted by `close`."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET})
        self._made: set[str] = set()

    def make(self, partitions: Mapping[str, int], config: Mapping[str, str] | None = None) -> None:
        """Create topics by name, with so many partitions. Records are kept whatever their timestamps say."""
        settings = {"retention.ms": "-1", **(config or {})}
        new = [NewTopic(name, count, 1, config=settings) for name, count in partitions.items()]
        for answer in self._admin.create_topics(new, operation_timeout=30).values():
            answer.result(60)
        self._made |= partitions.keys()
        for name in partitions:
            wait_for(partial(topic_id, self.bootstrap, name), 30, f"topic {name} is there")

    def delete(self, *names: str) -> None:
        """Delete topics, and wait until Kafka knows them no more."""
        for answer in self._admin.delete_topics(list(names), operation_timeout=30).values():
            answer.result(60)
        self._made -= {*names}
        for name in names:
            wait_for(partial(self._gone, name), 30, f"topic {name} is gone")

    def _gone(self, name: str) -> bool:
        return topic_id(self.bootstrap, name) is None

    def close(self) -> None:
        """Delete what was made."""
        if self._made:
            self.delete(*self._made)

    def send(self, topic: str, records: Iterable[Record]) -> list[tuple[int, int]]:
        """Send records in order; the partition and offset of each."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "enable.idempotence": True,
                "linger.ms": 20,
                "compression.type": "lz4",
                "partitioner": "murmur2_random",
                "queue.buffering.max.messages": 1_000_000,
                **QUIET,
            }
        )
        places: dict[int, tuple[int, int]] = {}
        refused: list[str] = []
        count = 0
        for number, record in enumerate(records):
            count = number + 1

            def delivered(error: object, message: Message, number: int = number) -> None:
                if error:
                    refused.append(str(error))
                else:
                    places[number] = _place(message)

            timestamp = () if record.timestamp is None else (record.timestamp,)
            producer.produce(topic, record.value, record.key, record.partition, delivered, None, *timestamp)
            producer.poll(0)
        producer.flush(120)
        assert not refused, refused[:3]
        assert len(places) == count, f"{count - len(places)} records are not acknowledged"
        return [places[number] for number in range(count)]

    def read(self, topic: str) -> list[Record]:
        """Everything that the topic holds now."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "tests",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_uncommitted",
                **QUIET,
            }
        )
        try:
            partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
            places = [TopicPartition(topic, partition) for partition in partitions]
            ends = {place.partition: consumer.get_watermark_offsets(place, timeout=30)[1] for place in places}
            consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
            found: list[Record] = []

            def complete() -> bool:
                found.extend(_record(message) for message in consumer.consume(10_000, 0.05))  # or after so long
                return all(
                    place.offset >= ends[place.partition]
                    for place in consumer.position(places)
                    if ends[place.partition]
                )

            wait_for(
                complete, 120, lambda: f"topic {topic} is read to its end: {len(found)} records of {ends}", pause=0
            )
            return found
        finally:
            consumer.close()

    def size(self, topic: str, *, uncommitted: bool = False) -> int:
        """Records in a topic, by its offsets: control records of transactions count too.

        Args:
            topic: its name.
            uncommitted: whether what open transactions hold counts.
        """
        level = "read_uncommitted" if uncommitted else "read_committed"
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": "tests", "isolation.level": level, **QUIET}
        )
        try:
            partitions: Sequence[int] = list(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
            marks = [consumer.get_watermark_offsets(TopicPartition(topic, each), timeout=30) for each in partitions]
            return sum(high - low for low, high in marks)
        finally:
            consumer.close()


def _place(message: Message) -> tuple[int, int]:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return partition, offset


def _record(message: Message) -> Record:
    assert message.error() is None, message.error()
    partition, offset = _place(message)
    headers = cast(list[tuple[str, bytes | None]], message.headers() or [])
    return Record(
        value=message.value(),
        key=message.key(),
        partition=partition,
        timestamp=message.timestamp()[1],
        offset=offset,
        headers=tuple((name, value or b"") for name, value in headers),
    )
