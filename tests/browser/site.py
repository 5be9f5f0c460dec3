"""What a browser is pointed at: the shop, the collector that its pages send to, and the topic where events end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.kit.collector import KEY, TENANT, CollectorProcess, collection
from tests.kit.kafka import Topics
from tests.kit.redis import RedisProcess
from tests.kit.shop import ShopProcess
from tests.kit.waiting import wait_for


@dataclass(frozen=True)
class Site:
    """All of it, running."""

    shop: ShopProcess
    collector: CollectorProcess
    topics: Topics
    topic: str

    def sent(self) -> list[dict[str, Any]]:
        """Every record of the topic, also what was sent twice."""
        return [msgspec.json.decode(record.value or b"") for record in self.topics.read(self.topic)]

    def events(self, user: str | None = None) -> list[dict[str, Any]]:
        """Each event once, in the order in which pages made them; `user`: of this visitor alone."""
        found = {event["event_id"]: event for event in self.sent() if user in {None, event["user_id"]}}
        return [found[event_id] for event_id in sorted(found)]

    def wait(self, name: str, count: int = 1, user: str | None = None) -> list[dict[str, Any]]:
        """Wait until there are so many events of an action or, of custom ones, a name."""

        def found() -> list[dict[str, Any]]:
            named = [event for event in self.events(user) if event["event_name"] == name]
            return named if len(named) >= count else []

        return wait_for(
            found, 30, lambda: f"{count} {name} in {[each['event_name'] for each in self.events(user)]}", pause=0.2
        )


@contextmanager
def site(topics: Topics, topic: str, rejected: str, redis: RedisProcess, folder: Path) -> Iterator[Site]:
    """A shop and a collector on a topic that is there.

    Args:
        topics: on the Kafka that has the topic.
        topic: where events go.
        rejected: where rejected ones go.
        redis: that the shop reads.
        folder: for the collector's files.
    """
    settings = {
        "KAFKA_BOOTSTRAP": topics.bootstrap,
        "KAFKA_TOPIC_BEHAVIORS": topic,
        "KAFKA_TOPIC_REJECTED": rejected,
    }
    with (
        CollectorProcess(folder, collection(), settings) as collector,
        ShopProcess(collector.url, KEY, redis.url, TENANT) as shop,
    ):
        yield Site(shop, collector, topics, topic)
