"""Kafka as the service asks it: how many records its topics keep, and how far behind consumer groups are."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

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
        admin = self._admin()
        known = admin.ask(lambda client: client.list_topics(timeout=_SECONDS)).topics
        partitions = {
            name: [TopicPartition(name, number) for number in known[name].partitions] for name in names if name in known
        }
        firsts = _offsets(admin, partitions, _ENDS.earliest())
        ends = _offsets(admin, partitions, _ENDS.latest())
        return {name: ends[name] - firsts[name] if name in partitions else None for name in names}

    async def uncommitted(self, groups: Iterable[str]) -> dict[str, int | None]:
        """Records behind what each consumer group has committed; None: it has committed nothing.

        Of topics that transactions write, their markers count too.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        return await asyncio.to_thread(self._uncommitted, tuple(groups))

    def _uncommitted(self, groups: tuple[str, ...]) -> dict[str, int | None]:
        admin = self._admin()
        found: dict[str, int | None] = {}
        for group in groups:
            asked = [ConsumerGroupTopicPartitions(group)]  # one at a time is what a request may name
            answers = admin.ask(partial(_committed, asked))
            committed = {
                (each.topic, each.partition): each.offset
                for each in admin.wait(answers[group]).topic_partitions or []
                if each.offset >= 0
            }
            found[group] = self._behind(admin, committed) if committed else None
        return found

    @staticmethod
    def _behind(admin: KafkaAdmin, committed: dict[tuple[str, int], int]) -> int:
        """Of a partition of which the group has committed nothing, all is behind: it has read nothing there."""
        known = admin.ask(lambda client: client.list_topics(timeout=_SECONDS)).topics
        names = {topic for topic, _ in committed if topic in known}
        partitions = [(name, number) for name in names for number in known[name].partitions]
        firsts = _ends_of(admin, [each for each in partitions if each not in committed], _ENDS.earliest())
        ends = _ends_of(admin, partitions, _ENDS.latest())
        return sum(max(0, ends[each] - (firsts | committed)[each]) for each in partitions)

    def _admin(self) -> KafkaAdmin:
        if self._made is None:
            self._made = KafkaAdmin(self._bootstrap, _SECONDS)  # not before it is needed: it has threads of its own
        return self._made


def _committed(asked: list[ConsumerGroupTopicPartitions], client: AdminClient) -> dict[str, Any]:
    found: dict[str, Any] = client.list_consumer_group_offsets(asked, request_timeout=_SECONDS)
    return found


def _ends_of(admin: KafkaAdmin, partitions: list[tuple[str, int]], spec: OffsetSpec) -> dict[tuple[str, int], int]:
    if not partitions:
        return {}
    asked = {TopicPartition(*each): spec for each in partitions}
    found = admin.ask(lambda client: client.list_offsets(asked, request_timeout=_SECONDS))
    return {(each.topic, each.partition): admin.wait(answer).offset for each, answer in found.items()}


def _offsets(admin: KafkaAdmin, partitions: dict[str, list[TopicPartition]], spec: OffsetSpec) -> dict[str, int]:
    """The sum of each topic's offsets at one of its ends."""
    asked = {partition: spec for each in partitions.values() for partition in each}
    sums = dict.fromkeys(partitions, 0)
    if asked:
        found = admin.ask(lambda client: client.list_offsets(asked, request_timeout=_SECONDS))
        for partition, answer in found.items():
            sums[partition.topic] += admin.wait(answer).offset
    return sums
