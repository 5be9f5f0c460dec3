"""The newest records of a topic, read from its end backwards, with bounds on how much is read."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from clickstream.clock import Clock
from clickstream.error_codes import ErrorCode
from clickstream.errors import ContractError, UnavailableError

_STEP = 1000
_WAIT_SECONDS = 0.2


@dataclass
class Budget:
    """How much may still be read; `exhausted` says afterwards that there was more.

    Attributes:
        records: of all partitions.
        bytes: of their values.
        seconds: until when, on the clock's monotonic time.
    """

    records: int
    bytes: int
    deadline: float
    exhausted: bool = field(default=False, init=False)

    def spend(self, message: Message) -> None:
        """Count a record."""
        self.records -= 1
        self.bytes -= len(message.value() or b"")

    @property
    def left(self) -> bool:
        """Whether anything is."""
        return self.records > 0 and self.bytes > 0


class Newest:
    """Reads one topic backwards. Not to be shared by threads; close it.

    Args:
        bootstrap: Kafka's address.
        topic: its name.
        seconds: patience with one answer of Kafka.
        clock: what measures it.
    """

    def __init__(self, bootstrap: str, topic: str, seconds: float, clock: Clock) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._seconds = seconds
        self._clock = clock
        self._problem = ""
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"clickstream-analytics-{uuid.uuid4().hex}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "error_cb": self._note,
                "log_level": 0,
            }
        )

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def read(self, start_ms: int, end_ms: int, budget: Budget) -> Iterator[Message]:
        """Records that Kafka dates from `start_ms` to `end_ms` (excluded), by stretches of _STEP from the end on.

        Raises:
            UnavailableError: Kafka does not answer in time.
            ContractError: there is no such topic.
        """
        try:
            spans = self._spans(start_ms, end_ms)
            while spans and not budget.exhausted:
                partition, first, end = spans.pop(0)
                begin = max(first, end - _STEP)
                yield from self._stretch(partition, begin, end, budget)
                if begin > first:
                    spans.append((partition, first, begin))
        except KafkaException as error:
            raise self._unavailable(error.args[0].str()) from error

    def _spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int, int]]:
        """Of each partition: its number, the first offset of the period, and the one behind the last."""
        known = self._consumer.list_topics(self._topic, timeout=self._seconds).topics[self._topic]
        if known.error is not None:
            raise ContractError(
                f"Kafka at {self._bootstrap} has no topic {self._topic}: run `clickstream migrate`",
                ErrorCode.TOPIC_MISSING,
                topic=self._topic,
            )
        firsts = self._offsets(known.partitions, start_ms)
        ends = self._offsets(known.partitions, end_ms)
        spans = []
        for partition in sorted(known.partitions):
            low, high = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition), timeout=self._seconds
            )
            first = high if firsts[partition] == OFFSET_END else max(low, firsts[partition])
            end = high if ends[partition] == OFFSET_END else ends[partition]
            if first < end:
                spans.append((partition, first, end))
        return spans

    def _offsets(self, partitions: "dict[int, object]", at_ms: int) -> dict[int, int]:
        asked = [TopicPartition(self._topic, partition, at_ms) for partition in partitions]
        return {each.partition: each.offset for each in self._consumer.offsets_for_times(asked, timeout=self._seconds)}

    def _stretch(self, partition: int, begin: int, end: int, budget: Budget) -> Iterator[Message]:
        self._consumer.assign([TopicPartition(self._topic, partition, begin)])
        silent_since = self._clock.monotonic()
        while True:
            if not budget.left or self._clock.monotonic() > budget.deadline:
                budget.exhausted = True
                return
            messages = self._consumer.consume(min(_STEP, end - begin), timeout=_WAIT_SECONDS)
            for message in messages:
                error, offset = message.error(), message.offset()
                if error is not None:
                    raise KafkaException(error)
                if offset is None or offset >= end:
                    return
                begin = offset + 1
                budget.spend(message)
                yield message
                if begin >= end:
                    return
            if messages:
                silent_since = self._clock.monotonic()
            elif self._at(partition) >= end:
                return  # what was behind the last record is gone: compaction, or markers of transactions
            elif self._clock.monotonic() > silent_since + self._seconds:
                raise self._unavailable("no record came")

    def _at(self, partition: int) -> int:
        (position,) = self._consumer.position([TopicPartition(self._topic, partition)])
        return int(position.offset)

    def _note(self, error: KafkaError) -> None:
        self._problem = error.str()

    def _unavailable(self, reason: str) -> UnavailableError:
        detail = f" ({self._problem})" if self._problem else ""
        return UnavailableError(
            f"Kafka at {self._bootstrap} does not answer: {reason}{detail}; is it running, and is "
            "CLICKSTREAM_KAFKA_BOOTSTRAP its address?",
            ErrorCode.KAFKA_AWAY,
            reason=f"{self._bootstrap}: {reason}{detail}",
        )
