"""Events for tests that start from columns."""

import random
from collections.abc import Sequence

import numpy as np

from clickstream.columns import Columns, Fields, Lane, Positions
from clickstream.events.action import Action
from clickstream.events.model import Event

START_MS = 1_760_000_000_000
RECEIVED_MS = START_MS + 10**9  # after all events
LANE = Lane(7, 0)


def event(number: int, **fields: object) -> Event:
    """A valid event; equal numbers give equal ids."""
    given = {
        "event_id": f"e-{number}",
        "tenant_id": "t",
        "scenario_id": "s",
        "user_id": f"u-{number % 7}",
        "item_id": f"i-{number % 5}",
        "action_type": Action.CLICK,
        "timestamp": START_MS + number * 1000,
        **fields,
    }
    return Event(**given)  # type: ignore[arg-type]  # the fields are the caller's


def traffic(count: int, seed: int = 1, span_ms: int = 6 * 3_600_000) -> list[Event]:
    """Events of two tenants with equal ids, at random times, some without an item."""
    source = random.Random(seed)
    actions = list(Action)
    events = []
    for number in range(count):
        action = source.choice(actions)
        events.append(
            event(
                number,
                tenant_id=source.choice(["a", "a:b"]),
                scenario_id=source.choice(["home", "b:home"]),
                user_id=f"u-{source.randrange(40)}",
                item_id=None if action in (Action.PAGEVIEW, Action.CUSTOM) else f"i-{source.randrange(30)}",
                action_type=action,
                timestamp=START_MS + source.randrange(span_ms),
            )
        )
    return events


def columns(events: Sequence[Event], first_offset: int = 0, lane: Lane = LANE) -> Columns:
    """The events as read in this order from one lane."""
    return columns_at(events, [(lane, first_offset + index) for index in range(len(events))], START_MS)


def columns_at(
    events: Sequence[Event],
    positions: Sequence[tuple[Lane, int]],
    record_ms: int = RECEIVED_MS,
    *,
    identified: bool = True,
) -> Columns:
    """The events as read in this order, each from its position."""
    lanes = list(dict.fromkeys(lane for lane, _ in positions))
    lane = np.array([lanes.index(lane) for lane, _ in positions], dtype=np.int32)
    offsets = np.array([offset for _, offset in positions], dtype=np.int64)
    found = Positions(lanes, lane, offsets)
    fields = Fields(identified=identified)
    fields.add(events)
    return fields.columns(found, np.full(len(events), record_ms))
