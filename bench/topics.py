"""Topics of one benchmark: made, and deleted at its end."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from confluent_kafka.admin import NewTopic

from clickstream.clock import SystemClock
from clickstream.kafka import KafkaAdmin


class Topics:
    """Topics on one Kafka cluster; those that were made here are deleted on leaving."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = KafkaAdmin(bootstrap, 30.0)
        self._made: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for topic in self._made:
            self._admin.client.delete_topics([topic])[topic].result(30)

    def make(self, topic: str, partitions: int, settings: Mapping[str, str] | None = None) -> str:
        """Make a topic and wait until the brokers know it; its name. Records are kept whatever their timestamps say."""
        new = NewTopic(topic, partitions, 1, config={"retention.ms": "-1", **(settings or {})})
        for created in self._admin.client.create_topics([new]).values():
            created.result(30)
        self._admin.await_topic(topic, SystemClock())
        self._made.append(topic)
        return topic
