"""Counts the answers while the traffic is generated, a chunk at a time: about a tenth of a microsecond an event."""

import numpy as np

from clickstream.generator.answers import HALF_LIFE_MS, HOT_WEIGHTS
from clickstream.generator.catalogue import (
    ACTIONS,
    CLICK,
    CUSTOM,
    EVENT_NAMES,
    MAX_GROUPS,
    RECOMMENDATION_ACTIONS,
    SCENARIOS,
)
from clickstream.generator.funnel import Funnel
from clickstream.generator.malformed import KINDS
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.population import Population
from clickstream.generator.records import AnyArray, Chunk, Ints

_WEIGHTS = np.array([HOT_WEIGHTS[action] for action in RECOMMENDATION_ACTIONS])
# Scores are kept relative to a landmark that moves up before 2 ** (age / half-life) leaves float64's range.
_MOST_HALF_LIVES = 512


class Tally:
    """Counts one model's traffic. Memory is about 20 bytes for each user or item times scenarios, and little per hour.

    Attributes:
        names: valid events by index into EVENT_NAMES.
        faults: records by fault; index 0 is none.
        hourly: by hour since the epoch, valid events of shape (tenants, scenarios, MAX_GROUPS, actions), flat.
        users: whether a user did anything, of shape (tenants, users, scenarios), flat.
        items: whether an item was seen, of shape (tenants, items, scenarios), flat.
        clicks: clicks in the shape of `items`.
        scores: hot scores in the shape of `items`, times 2 ** (-landmark_ms / half-life).
    """

    def __init__(self, model: TrafficModel) -> None:
        self.model = model
        self.population = Population(model)
        users, items = model.tenants * model.users, model.tenants * model.items
        self.sent = self.duplicates = self.late = 0
        self.first_ms, self.last_ms = 2**62, 0
        self.faults = np.zeros(1 + len(KINDS), dtype=np.int64)
        self.names = np.zeros(len(EVENT_NAMES), dtype=np.int64)
        self.hourly: dict[int, Ints] = {}
        self.users = np.zeros(users * len(SCENARIOS), dtype=np.bool_)
        self.items = np.zeros(items * len(SCENARIOS), dtype=np.bool_)
        self.clicks = np.zeros(items * len(SCENARIOS), dtype=np.int64)
        self.scores = np.zeros(items * len(SCENARIOS))
        self.landmark_ms = 0
        self.funnel = Funnel(users)

    def add(self, chunk: Chunk) -> None:
        """Count what has been sent. Chunks, or parts of them, in their order, each once."""
        records = chunk.records
        self.sent += len(chunk)
        self.faults += np.bincount(records["fault"], minlength=len(self.faults))
        self.duplicates += int(records["duplicate"].sum())
        valid = (records["fault"] == 0) & ~records["duplicate"]
        events, at = records[valid], chunk.event_times[valid]
        if len(events):
            self.late += int((np.array(chunk.timestamps)[valid] - at >= 60_000).sum())
            self.first_ms = min(self.first_ms, int(at.min()))
            self.last_ms = max(self.last_ms, int(at.max()))
            self.names += np.bincount(events["name"], minlength=len(EVENT_NAMES))
            visitor = events["user"].astype(np.int64) * len(SCENARIOS) + events["scenario"]
            self.users[visitor] = True
            self._add_hours(events, at)
            self._add_items(events[events["item"] >= 0], at[events["item"] >= 0])
            self.funnel.add(events["name"], visitor, at, chunk.complete_before_ms)

    def _add_hours(self, events: AnyArray, at: Ints) -> None:
        places = self.model.tenants * len(SCENARIOS)
        size = places * MAX_GROUPS * len(ACTIONS)
        place = events["user"].astype(np.int64) // self.model.users * len(SCENARIOS) + events["scenario"]
        group = self.population.group(events["user"], events["scenario"])
        hour = at // HOUR_MS
        first = int(hour.min())
        key = (hour - first) * size + (place * MAX_GROUPS + group) * len(ACTIONS) + np.minimum(events["name"], CUSTOM)
        counts = np.bincount(key, minlength=(int(hour.max()) - first + 1) * size).reshape(-1, size)
        for offset in np.flatnonzero(counts.any(axis=1)).tolist():
            known = self.hourly.setdefault(first + offset, np.zeros(size, dtype=np.int64))
            known += counts[offset]

    def _add_items(self, events: AnyArray, at: Ints) -> None:
        offer = events["item"].astype(np.int64) * len(SCENARIOS) + events["scenario"]
        self.items[offer] = True
        np.add.at(self.clicks, offer[events["name"] == CLICK], 1)
        if not len(at):
            return
        if not self.landmark_ms:
            self.landmark_ms = int(at.min())
        while int(at.max()) - self.landmark_ms > _MOST_HALF_LIVES * HALF_LIFE_MS:
            self.scores *= 2.0**-_MOST_HALF_LIVES
            self.landmark_ms += _MOST_HALF_LIVES * HALF_LIFE_MS
        age = (at - self.landmark_ms) / HALF_LIFE_MS
        np.add.at(self.scores, offer, _WEIGHTS[events["name"]] * np.exp2(age))
