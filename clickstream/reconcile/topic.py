"""Kafka topics as ranges of offsets, and the records in them."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, Message, TopicPartition

from clickstream.errors import ContractError, UnavailableError
from clickstream.kafka_away import kafka_away

TIMEOUT = 20.0
_CONSUME_SECONDS = 0.5  # where offsets have gaps, fewer records come than were expected


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets first..end-1 of one partition."""

    partition: int
    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first


class Topic:
    """One topic, read without a consumer group's memory. Use it as long as you like; call close."""

    def __init__(self, bootstrap: str, name: str) -> None:
        self.name = name
        self._bootstrap = bootstrap
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"clickstream-reconcile-{uuid.uuid4().hex}",
                "enable.auto.commit": False,
                "enable.partition.eof": False,
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def ends(self) -> dict[int, int]:
        """The offset behind the last record of each partition.

        Raises:
            UnavailableError: Kafka does not answer.
            ContractError: there is no such topic.
        """
        return {span.partition: span.end for span in self.spans()}

    def spans(self, firsts: dict[int, int] | None = None) -> list[Span]:
        """Each partition from its given first offset (default: its beginning) to its present end."""
        try:
            metadata = self._consumer.list_topics(self.name, timeout=TIMEOUT).topics[self.name]
            if metadata.error is not None:
                raise ContractError(f"Kafka at {self._bootstrap} has no topic {self.name}: run `clickstream migrate`")
            spans = []
            for partition in sorted(metadata.partitions):
                low, high = self._consumer.get_watermark_offsets(TopicPartition(self.name, partition), timeout=TIMEOUT)
                spans.append(Span(partition, low if firsts is None else firsts.get(partition, low), high))
        except KafkaException as error:
            raise kafka_away(self._bootstrap, error.args[0]) from error
        return spans

    def read(self, spans: list[Span]) -> Iterator[Message]:
        """Every record in the spans; within a partition in order.

        Raises:
            UnavailableError: no record came for TIMEOUT seconds although there must be more.
        """
        left = {span.partition: span.end for span in spans if len(span)}
        at = {span.partition: span.first for span in spans if len(span)}
        silent_since = time.monotonic()
        self._consumer.assign([TopicPartition(self.name, span.partition, span.first) for span in spans if len(span)])
        while left:
            # It waits for as many as it is asked for: no more than there are, or each reading would end with that wait.
            expected = sum(end - at[partition] for partition, end in left.items())
            messages = self._consumer.consume(min(10_000, expected), timeout=_CONSUME_SECONDS)
            if messages:
                silent_since = time.monotonic()
            elif time.monotonic() > silent_since + TIMEOUT:
                raise UnavailableError(f"Kafka at {self._bootstrap} sent no record of {self.name} for {TIMEOUT:g} s")
            for message in messages:
                if (error := message.error()) is not None:
                    raise kafka_away(self._bootstrap, error)
                partition, offset = message.partition(), message.offset()
                if partition is None or offset is None or offset == OFFSET_INVALID or partition not in left:
                    continue
                at[partition] = offset + 1
                if offset < left[partition]:
                    yield message
                if offset + 1 >= left[partition]:
                    del left[partition]
        self._consumer.unassign()
