"""What every variant must have written: worked out plainly, an event at a time, from what the topic holds.

Nothing here is shared with the jobs but the definitions of score, minute and recency, written anew.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
from confluent_kafka import Consumer, TopicPartition

from clickstream.errors import UnavailableError

MINUTE_MS = 60_000
HALF_LIFE_MS = 3_600_000
WEIGHTS = {"impression": 0.1, "click": 1.0, "view": 2.0, "like": 3.0, "share": 4.0, "add_cart": 5.0, "order": 10.0}
RECENT = 50
IDLE_SECONDS = 60.0

Place = tuple[str, str]  # tenant, scenario
User = tuple[str, str]  # tenant, user


class Event(msgspec.Struct, gc=False):
    """The fields that matter here."""

    event_id: str
    tenant_id: str
    scenario_id: str
    user_id: str
    action_type: str
    timestamp: int
    item_id: str = ""


@dataclass
class Counted:
    """Counts by action, and distinct users and items."""

    actions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WEIGHTS, 0))
    users: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Count one."""
        if event.action_type in self.actions:
            self.actions[event.action_type] += 1
        self.users.add(event.user_id)
        if event.item_id:
            self.items.add(event.item_id)


@dataclass(frozen=True)
class Expected:
    """The answers.

    Attributes:
        events: how many.
        places: the whole of each place.
        minutes: the same by place and minute since the epoch.
        scores: log2 of the sum of weight * 2 ** (t / half-life), by place and item.
        recent: items viewed or clicked, the newest first, equally new ones by id.
        newest: time of each of these, in ms, of all items: what a variant that breaks ties otherwise is held against.
    """

    events: int
    places: dict[Place, Counted]
    minutes: dict[tuple[Place, int], Counted]
    scores: dict[Place, dict[str, float]]
    recent: dict[User, list[str]]
    newest: dict[User, dict[str, int]]


def expected(events_as_json: Iterable[bytes]) -> Expected:
    """The answers to valid and distinct events."""
    events, landmark = 0, None
    places: defaultdict[Place, Counted] = defaultdict(Counted)
    minutes: defaultdict[tuple[Place, int], Counted] = defaultdict(Counted)
    sums: defaultdict[Place, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    newest: defaultdict[User, dict[str, int]] = defaultdict(dict)
    decode = msgspec.json.Decoder(Event).decode
    for value in events_as_json:
        event = decode(value)
        events += 1
        place = (event.tenant_id, event.scenario_id)
        places[place].add(event)
        minutes[place, event.timestamp // MINUTE_MS].add(event)
        if not event.item_id:
            continue
        landmark = event.timestamp if landmark is None else landmark
        if event.action_type in WEIGHTS:
            aged = (event.timestamp - landmark) / HALF_LIFE_MS
            sums[place][event.item_id] += WEIGHTS[event.action_type] * 2.0**aged
        if event.action_type in {"view", "click"}:
            times = newest[event.tenant_id, event.user_id]
            times[event.item_id] = max(event.timestamp, times.get(event.item_id, 0))
    base = (landmark or 0) / HALF_LIFE_MS
    scores = {place: {item: math.log2(of) + base for item, of in found.items()} for place, found in sums.items()}
    recent = {
        user: [item for item, _ in sorted(times.items(), key=lambda pair: (-pair[1], pair[0]))[:RECENT]]
        for user, times in newest.items()
    }
    return Expected(events, dict(places), dict(minutes), scores, recent, dict(newest))


def values(bootstrap: str, topic: str) -> Iterator[bytes]:
    """The values of a topic, to its end as it is now; tombstones are left out."""
    for _, value in records(bootstrap, topic):
        if value is not None:
            yield value


def records(bootstrap: str, topic: str) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Keys and values of a topic, to its end as it is now, each partition in its order.

    Raises:
        UnavailableError: nothing comes for a minute.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 10,
            "log_level": 0,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        ends = {each: consumer.get_watermark_offsets(TopicPartition(topic, each), timeout=30)[1] for each in partitions}
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        idle = 0.0
        while True:
            messages = consumer.consume(10_000, 0.5)
            for message in messages:
                yield message.key(), message.value()
            if all(place.offset >= ends[place.partition] for place in consumer.position(_left(topic, ends))):
                return
            idle = 0.0 if messages else idle + 0.5
            if idle > IDLE_SECONDS:
                raise UnavailableError(f"topic {topic} at {bootstrap} gives no more records before its end")
    finally:
        consumer.close()


def _left(topic: str, ends: dict[int, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for partition, end in ends.items() if end]
