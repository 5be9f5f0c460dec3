"""The answers again, by plain Python from the bytes that were sent: slow, obvious, sharing no code with the tally."""

import json
import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

REQUIRED = ("event_id", "tenant_id", "scenario_id", "user_id", "action_type", "timestamp")
RECOMMENDATION = ("impression", "click", "view", "like", "share", "add_cart", "order")
ACTIONS = (*RECOMMENDATION, "pageview", "custom")
FUNNEL = ("impression", "click", "view", "add_cart", "order")
LENGTHS = {"event_id": 64, "tenant_id": 128, "scenario_id": 128, "user_id": 128}
WEIGHTS = dict(zip(RECOMMENDATION, (0.1, 1, 2, 3, 4, 5, 10), strict=True))

Event = dict[str, Any]


def parse(value: bytes, record_ms: int) -> Event | None:
    """The event, or None if the format forbids it."""
    try:
        event = json.loads(value.decode())
    except ValueError:
        return None
    return event if isinstance(event, dict) and is_valid(event, record_ms) else None


def is_valid(event: Event, record_ms: int) -> bool:
    texts = all(isinstance(event.get(name), str) and 0 < len(event[name]) <= most for name, most in LENGTHS.items())
    if not texts or event.get("action_type") not in ACTIONS or type(event.get("timestamp")) is not int:
        return False
    item = event.get("item_id", "")
    if not isinstance(item, str) or len(item) > 128 or (event["action_type"] in RECOMMENDATION and not item):
        return False
    if not 0 <= event.get("completion_rate", 0) <= 1 or len(json.dumps(event.get("extra_data"))) > 8192:
        return False
    if any(not 0 <= event.get(name, 0) < 2**31 for name in ("x", "y", "position", "watch_duration")):
        return False
    age: int = record_ms - event["timestamp"]
    return -5 * 60_000 <= age <= 7 * 86_400_000


def parse_all(values: list[bytes], timestamps: list[int]) -> list[tuple[Event | None, int]]:
    """What `parse` makes of each record, with the record's Kafka timestamp."""
    return [(parse(value, record_ms), record_ms) for value, record_ms in zip(values, timestamps, strict=True)]


def unique(parsed: list[tuple[Event | None, int]]) -> tuple[list[tuple[Event, int]], int, int]:
    """(valid events with the Kafka timestamp of their first record, duplicates, malformed)."""
    seen: set[str] = set()
    events = []
    duplicates = malformed = 0
    for event, record_ms in parsed:
        if event is None:
            malformed += 1
        elif event["event_id"] in seen:
            duplicates += 1
        else:
            seen.add(event["event_id"])
            events.append((event, record_ms))
    return events, duplicates, malformed


def funnel(events: list[Event]) -> list[int]:
    """Users by steps done in order; events of one time count in the order of the steps."""
    level: Counter[str] = Counter()
    ranks = {name: rank for rank, name in enumerate(FUNNEL)}
    steps = [event for event in events if event["action_type"] in ranks]
    for event in sorted(steps, key=lambda event: (event["timestamp"], ranks[event["action_type"]])):
        if ranks[event["action_type"]] == level[event["user_id"]]:
            level[event["user_id"]] += 1
    return [sum(reached > step for reached in level.values()) for step in range(len(FUNNEL))]


def by_time(events: list[Event], form: str) -> dict[str, dict[str, int]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        counts[datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime(form)][event["action_type"]] += 1
    return {time: dict(actions) for time, actions in counts.items()}


def top_clicked(events: list[Event]) -> list[tuple[str, int]]:
    clicks = Counter(event["item_id"] for event in events if event["action_type"] == "click")
    return sorted(clicks.items(), key=lambda pair: (-pair[1], pair[0]))[:50]


def hot_items(events: list[Event], half_life_ms: int) -> list[tuple[str, float]]:
    items: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.get("item_id"):
            items[event["item_id"]].append(event)
    landmark = max(event["timestamp"] for event in events)
    scores = {
        item: math.log2(
            math.fsum(WEIGHTS[e["action_type"]] * 2 ** ((e["timestamp"] - landmark) / half_life_ms) for e in of_item)
        )
        + landmark / half_life_ms
        for item, of_item in items.items()
    }
    return sorted(scores.items(), key=lambda pair: -pair[1])[:50]
