"""Kafka as the service asks it: how many records its topics keep."""

import asyncio
from collections.abc import Iterable
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import OffsetSpec

from clickstream.kafka import KafkaAdmin

_SECONDS = 3.0
_ENDS: Any = OffsetSpec  # its constructors have no types


class Topics:
    """Asks one cluster, in threads: its client waits."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._made: KafkaAdmin | None = None

    async def records(self, names: Iterable[str]) -> dict[str, int | None]:
        """Records of each topic that are kept; None: there is no such topic.

        Of a topic that transactions write, their markers count too.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        return await asyncio.to_thread(self._records, tuple(names))

    def _records(self, names: tuple[str, ...]) -> dict[str, int | None]:
        if self._made is None:
            self._made = KafkaAdmin(self._bootstrap, _SECONDS)  # not before it is needed: it has threads of its own
        admin = self._made
        known = admin.ask(lambda client: client.list_topics(timeout=_SECONDS)).topics
        partitions = {
            name: [TopicPartition(name, number) for number in known[name].partitions] for name in names if name in known
        }
        firsts = _offsets(admin, partitions, _ENDS.earliest())
        ends = _offsets(admin, partitions, _ENDS.latest())
        return {name: ends[name] - firsts[name] if name in partitions else None for name in names}


def _offsets(admin: KafkaAdmin, partitions: dict[str, list[TopicPartition]], spec: OffsetSpec) -> dict[str, int]:
    """The sum of each topic's offsets at one of its ends."""
    asked = {partition: spec for each in partitions.values() for partition in each}
    sums = dict.fromkeys(partitions, 0)
    if asked:
        found = admin.ask(lambda client: client.list_offsets(asked, request_timeout=_SECONDS))
        for partition, answer in found.items():
            sums[partition.topic] += admin.wait(answer).offset
    return sums
