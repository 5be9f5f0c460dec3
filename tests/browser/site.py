"""What a browser is pointed at: the shop, the collector that its pages send to, and the topic where events end."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from clickstream.write_keys import hash_of
from tests.kit.collector import KEY, TENANT, CollectorProcess, collection
from tests.kit.kafka import Topics
from tests.kit.redis import RedisProcess
from tests.kit.shop import ShopProcess
from tests.kit.waiting import wait_for

# A tenant whose pages are told to wait after ten events, for three seconds when they send ten more.
SLOW_TENANT, SLOW_KEY = "slow", "cs_key-of-a-slow-tenant"
SLOW = {
    "keys": [{"sha256": hash_of(SLOW_KEY)}],
    "scenario": "web",
    "rate": {"events_per_second": 4, "burst": 10},
}


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

    def arrived(self, made: Collection[str]) -> list[dict[str, Any]]:
        """Wait until all of these events are in the topic; they, each once and in their order."""

        def found() -> list[dict[str, Any]]:
            there = [event for event in self.events() if event["event_id"] in made]
            return there if len(there) == len(made) else []

        return wait_for(found, 30, lambda: f"{len(made)} events are stored", pause=0.2)

    def wait(self, name: str, count: int = 1, user: str | None = None) -> list[dict[str, Any]]:
        """Wait until there are so many events of an action or, of custom ones, a name."""

        def found() -> list[dict[str, Any]]:
            named = [event for event in self.events(user) if event["event_name"] == name]
            return named if len(named) >= count else []

        return wait_for(
            found, 30, lambda: f"{count} {name} in {[each['event_name'] for each in self.events(user)]}", pause=0.2
        )


def by_page_view(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Events from each page view to the next.

    By their own time: what a page sends when it is left may arrive behind what the next one sends first.
    """
    views: list[list[dict[str, Any]]] = []
    for event in sorted(events, key=lambda each: each["timestamp"]):
        if event["event_name"] == "pageview":
            views.append([])
        views[-1].append(event)
    return views


def impressions(view: list[dict[str, Any]], scenario: str) -> list[tuple[str, int | None]]:
    """Items and slots."""
    return [
        (event["item_id"], event.get("position"))
        for event in view
        if event["event_name"] == "impression" and event["scenario_id"] == scenario
    ]


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
    configuration = collection()
    configuration["tenants"][SLOW_TENANT] = SLOW
    with (
        CollectorProcess(folder, configuration, settings) as collector,
        ShopProcess(collector.url, KEY, redis.url, TENANT) as shop,
    ):
        yield Site(shop, collector, topics, topic)
