"""The operator that keeps a bucket, on state that outlives it: killed, without Redis, going on from a checkpoint."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
import redis

from clickstream import worker
from clickstream.clock import ManualClock
from clickstream.config import RedisSettings
from clickstream.config.hot import WEIGHTS, HotSettings
from clickstream.events.model import Event
from clickstream.places import Place
from clickstream.scoring.bucket import HotBucket, HotWrite
from clickstream.scoring.parts import encode_parts, parts_of
from clickstream.scoring.rule import RuleBook
from tests.unit.event_columns import START_MS, columns, traffic
from udfs import keep
from udfs.elements import key_of, oldest, pack

HOUR = 3_600_000
SETTINGS = HotSettings()
Scores = dict[Place, dict[str, float]]


class Redis:
    """Takes whole pipelines, or nothing; a pipeline is a list of writes."""

    def __init__(self) -> None:
        self.scores: Scores = {}
        self.away = False

    def pipeline(self, transaction: bool) -> "Pipeline":
        assert not transaction
        return Pipeline(self)

    def close(self) -> None:
        """A connection is given up."""


class Pipeline(list[HotWrite]):
    def __init__(self, server: Redis) -> None:
        super().__init__()
        self.server = server

    def execute(self) -> None:
        if self.server.away:
            raise redis.ConnectionError("refused")
        for write in self:
            held = {} if write.whole else self.server.scores.get(write.place, {})
            self.server.scores[write.place] = {**held, **write.scores}


class Flink:
    """One subtask of Keep: state by key and timers, which a checkpoint holds, and with them the place in the input."""

    def __init__(self, inputs: list[bytes]) -> None:
        self.inputs = inputs
        self.key = 0
        self.parts: dict[int, list[bytes]] = defaultdict(list)
        self.entries: dict[int, dict[str, bytes]] = defaultdict(dict)
        self.timers: set[tuple[int, int]] = set()
        self.read = 0
        self.checkpoint()
        self.start()

    def start(self) -> None:
        """Make the operator anew, from the last checkpoint."""
        self.parts, self.entries, self.timers, self.read = deepcopy(self.kept)
        self.operator = keep.Keep(
            partial(HotBucket, SETTINGS, 7 * 24 * HOUR),
            keep.RedisTarget("redis://host", RedisSettings()),
            lambda pipeline, write: pipeline.append(write),
        )
        self.operator.open(self)

    def checkpoint(self) -> None:
        self.kept = deepcopy((self.parts, self.entries, self.timers, self.read))

    def next(self) -> None:
        """Hand over the next part."""
        if self.read < len(self.inputs):
            value = self.inputs[self.read]
            self.read += 1
            self.key = key_of(value)
            self.operator.process_element(value, self)

    def fire(self, now_ms: int) -> None:
        """Fire the timers that are due."""
        for timer in sorted(self.timers):
            if timer[0] <= now_ms:
                self.timers.discard(timer)
                self.key = timer[1]
                assert list(self.operator.on_timer(timer[0], self)) == []

    # --- what the operator asks for

    def get_current_key(self) -> int:
        return self.key

    def timer_service(self) -> "Flink":
        return self

    def register_processing_time_timer(self, at_ms: int) -> None:
        self.timers.add((at_ms, self.key))

    def get_list_state(self, _: object) -> "ListState":
        return ListState(self)

    def get_map_state(self, _: object) -> "MapState":
        return MapState(self)

    def get_metrics_group(self) -> "Flink":
        return self

    def counter(self, _: str) -> "Flink":
        return self

    def distribution(self, _: str) -> "Flink":
        return self

    def gauge(self, *_: object) -> None:
        """Nobody asks."""

    def inc(self, _: int = 1) -> None:
        """Nobody asks."""

    def update(self, _: int) -> None:
        """Nobody asks."""


class ListState:
    def __init__(self, flink: Flink) -> None:
        self.flink = flink

    def add(self, value: bytes) -> None:
        self.flink.parts[self.flink.key].append(value)

    def get(self) -> list[bytes]:
        return self.flink.parts[self.flink.key]

    def clear(self) -> None:
        self.flink.parts[self.flink.key] = []


class MapState:
    def __init__(self, flink: Flink) -> None:
        self.flink = flink

    def items(self) -> Iterable[tuple[str, bytes]]:
        return self.flink.entries[self.flink.key].items()

    def put(self, name: str, value: bytes) -> None:
        self.flink.entries[self.flink.key][name] = value

    def remove(self, name: str) -> None:
        del self.flink.entries[self.flink.key][name]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    made = ManualClock(START_MS / 1000)
    monkeypatch.setattr(keep, "SystemClock", lambda: made)
    return made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Redis:
    made = Redis()
    monkeypatch.setattr(keep, "connect", lambda *_: made)
    monkeypatch.setattr(keep, "_LEAST_BYTES", 400)  # so that parts become entries after a few
    monkeypatch.setattr(worker, "begin", lambda: None)
    return made


def _inputs(events: list[Event], source: random.Random) -> list[bytes]:
    inputs: list[bytes] = []
    at = 0
    while at < len(events):
        end = at + source.randrange(1, 12)
        of = columns(events[at:end])
        found = parts_of(of, RuleBook(SETTINGS))
        inputs += [pack(bucket, oldest(of), encode_parts(parts)) for bucket, parts in found.items()]
        at = end
    return inputs


def _sums(events: list[Event]) -> Scores:
    sums: dict[Place, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for each in events:
        if each.item_id and (weight := WEIGHTS.get(each.action_type, 0)):
            gain = weight * 2.0 ** ((each.timestamp - START_MS) / HOUR)
            sums[Place(each.tenant_id, each.scenario_id)][each.item_id] += gain
    return {
        place: {item: math.log2(value) + START_MS / HOUR for item, value in items.items()}
        for place, items in sums.items()
    }


def _approximately(scores: Scores) -> Any:
    return {place: pytest.approx(items, rel=0, abs=1e-9) for place, items in scores.items()}


@pytest.mark.parametrize("seed", range(12))
def test_redis_shows_each_part_once_whatever_is_killed_or_away(seed: int, clock: ManualClock, server: Redis) -> None:
    source, events = random.Random(seed), traffic(600, seed)
    flink = Flink(_inputs(events, source))
    kills = 0
    while flink.read < len(flink.inputs) or kills < 5:
        flink.next()
        clock.advance(source.random() * 0.1)
        flink.fire(int(clock.now() * 1000))
        if source.random() < 0.1:
            flink.checkpoint()
        if source.random() < 0.03:
            server.away = not server.away
        if source.random() < 0.03:
            kills += 1
            flink.start()
            if source.random() < 0.5:
                server.scores = {}  # it lost what it held
    server.away = False
    for _ in range(30):  # longer than a minute, after which everything was written once more
        clock.advance(3)
        flink.fire(int(clock.now() * 1000))
    assert server.scores == _approximately(_sums(events))


def test_while_redis_is_away_the_last_scores_stand_and_timers_go_on(clock: ManualClock, server: Redis) -> None:
    events = traffic(200)
    flink = Flink(_inputs(events, random.Random(1)))
    while flink.read < len(flink.inputs) // 2:
        flink.next()
    clock.advance(1)
    flink.fire(int(clock.now() * 1000))
    before = deepcopy(server.scores)
    server.away = True
    while flink.read < len(flink.inputs):
        flink.next()
        clock.advance(1)
        flink.fire(int(clock.now() * 1000))
    assert server.scores == before
    assert clock.slept.count(keep._HOLD_SECONDS) > 10, "each part is held for a moment, so that Kafka waits"
    server.away = False
    for _ in range(30):
        clock.advance(3)
        flink.fire(int(clock.now() * 1000))
    assert server.scores == _approximately(_sums(events))
