"""Buckets of live metrics without Flink: lanes of events go through replay filter and pre-aggregation into them."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from clickstream.columns import Lane
from clickstream.config import LiveMetricsSettings
from clickstream.events.model import Event
from clickstream.metrics.bucket import MetricsBucket, MetricsWrite
from clickstream.metrics.parts import Progress, encode_part
from clickstream.places import Place
from clickstream.replay_filter import ReplayFilter, streams_of
from tests.unit.event_columns import columns_at


class Run:
    """What one run of the job wrote.

    Attributes:
        redis: last write of each place.
        closed: records by key and revision, in the order in which they were sent.
    """

    def __init__(self, settings: LiveMetricsSettings, lanes: Sequence[Lane], partitions: int | None = None) -> None:
        self.settings = settings
        self.streams = streams_of(lanes, partitions or len(lanes))
        self.filters: dict[int, ReplayFilter] = {}
        self.progress = Progress(int(settings.idle_seconds * 250))
        self.buckets: dict[int, MetricsBucket] = {}
        self.entries: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
        self.parts: defaultdict[int, list[bytes]] = defaultdict(list)
        self.redis: dict[Place, MetricsWrite] = {}
        self.closed: list[tuple[str, dict[str, Any]]] = []
        self.too_late = 0

    def add(self, lane: Lane, first_offset: int, events: Sequence[Event], now_ms: int) -> None:
        """Events of a lane, read from the Kafka partition of the same number."""
        self.read(lane.partition, [(lane, first_offset + index) for index in range(len(events))], events, now_ms)

    def read(self, source: int, positions: Sequence[tuple[Lane, int]], events: Sequence[Event], now_ms: int) -> None:
        """Events of any lanes, read from one Kafka partition."""
        replays = self.filters.setdefault(source, ReplayFilter(source))
        columns, new = replays.sort(columns_at(events, positions, identified=False))
        reached = {lane: replays.lanes[lane] for lane in columns.lanes}
        late_ms = self.settings.lateness_seconds * 1000
        for number, part in self.progress.parts(columns.where(new), reached, late_ms, now_ms):
            data = encode_part(part)
            self.bucket(number).apply(data, now_ms)
            self.parts[number].append(data)

    def bucket(self, number: int) -> MetricsBucket:
        return self.buckets.setdefault(number, MetricsBucket(self.settings, self.streams))

    def tick(self, now_ms: int) -> list[MetricsWrite]:
        writes = []
        for number, bucket in self.buckets.items():
            due = bucket.due(now_ms)
            writes += due.writes
            self.closed += [(key, json.loads(value)) for key, value in due.records]
            self.too_late += due.too_late
            if due.settled:
                self.fold(number)
        self.redis |= {write.place: write for write in writes}
        return writes

    def fold(self, number: int) -> None:
        for name, entry in self.buckets[number].changed_entries():
            if entry is None:
                self.entries[number].pop(name, None)
            else:
                self.entries[number][name] = entry
        self.parts[number] = []

    def restart(self, now_ms: int) -> None:
        self.progress = Progress(int(self.settings.idle_seconds * 250))
        self.buckets = {}
        for number in self.entries.keys() | self.parts.keys():
            bucket = self.bucket(number)
            for name, entry in self.entries[number].items():
                bucket.load(name, entry)
            for part in self.parts[number]:
                bucket.apply(part, now_ms)
            bucket.restored(now_ms)

    def finals(self) -> dict[str, dict[str, Any]]:
        """Final records by key: one each."""
        found = [(key, record) for key, record in self.closed if not record["correction"]]
        assert len(found) == len(dict(found)), "two final records of one minute"
        return dict(found)

    def last(self) -> dict[str, dict[str, Any]]:
        """The last record of each key."""
        return dict(self.closed)
