"""The operator at the head of the jobs with state: what comes again is dropped, also after it was killed."""

import random
from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy

import msgspec
import pytest

from clickstream import worker
from clickstream.columns import Columns, Lane
from clickstream.replay_filter import Reached
from tests.unit.event_columns import columns_at, event
from udfs.elements import body_of, oldest, pack
from udfs.survivors import Horizon, Survivors

Positions = list[tuple[int, int]]
Passed = dict[int, Positions]
PARTITIONS = 3


class Names:
    """Makes one part of each micro-batch: the positions in it."""

    def parts(self, columns: Columns, _: dict[Lane, Reached]) -> list[tuple[int, bytes]]:
        lanes = [columns.lanes[code].partition for code in columns.lane.tolist()]
        return [(0, msgspec.msgpack.encode(list(zip(lanes, columns.offsets.tolist(), strict=True))))]


class Flink:
    """One subtask of Survivors: state by key, the place in the input and what passed, which a checkpoint all holds."""

    def __init__(self, inputs: list[tuple[int, bytes]], horizon: Horizon) -> None:
        self.inputs, self.horizon = inputs, horizon
        self.key, self.read = 0, 0
        self.reached: dict[int, bytes] = {}
        self.chunks: dict[int, dict[int, bytes]] = defaultdict(dict)
        self.passed: Passed = defaultdict(list)
        self.checkpoint()
        self.start()

    def start(self) -> None:
        """Make the operator anew, from the last checkpoint."""
        self.reached, self.chunks, self.passed, self.read = deepcopy(self.kept)
        self.operator = Survivors(self.horizon, Names)
        self.operator.open(self)

    def checkpoint(self) -> None:
        self.kept = deepcopy((self.reached, self.chunks, self.passed, self.read))

    def next(self) -> None:
        """Hand over the next micro-batch."""
        self.key, value = self.inputs[self.read]
        self.read += 1
        for packed in self.operator.process_element(value, self):
            self.passed[self.key] += [tuple(each) for each in msgspec.msgpack.decode(body_of(packed))]

    # --- what the operator asks for

    def get_current_key(self) -> int:
        return self.key

    def get_state(self, _: object) -> "ValueState":
        return ValueState(self)

    def get_map_state(self, _: object) -> "MapState":
        return MapState(self)

    def get_metrics_group(self) -> "Flink":
        return self

    def counter(self, _: str) -> "Flink":
        return self

    def inc(self, _: int = 1) -> None:
        """Nobody asks."""


class ValueState:
    def __init__(self, flink: Flink) -> None:
        self.flink = flink

    def value(self) -> bytes | None:
        return self.flink.reached.get(self.flink.key)

    def update(self, value: bytes) -> None:
        self.flink.reached[self.flink.key] = value


class MapState:
    def __init__(self, flink: Flink) -> None:
        self.flink = flink

    def items(self) -> Iterable[tuple[int, bytes]]:
        return self.flink.chunks[self.flink.key].items()

    def put(self, number: int, value: bytes) -> None:
        self.flink.chunks[self.flink.key][number] = value

    def remove(self, number: int) -> None:
        del self.flink.chunks[self.flink.key][number]


@pytest.fixture(autouse=True)
def _without_taskmanager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "begin", lambda: None)


def _run(flink: Flink, source: random.Random) -> None:
    """To the end of the input, killed now and then."""
    kills = 0
    while flink.read < len(flink.inputs):
        flink.next()
        if source.random() < 0.2:
            flink.checkpoint()
        if source.random() < 0.1 and kills < 20:
            kills += 1
            flink.start()
    assert kills > 3


@pytest.mark.parametrize("seed", range(3))
def test_of_stretches_that_the_join_wrote_again_each_position_passes_once_in_its_order(seed: int) -> None:
    source = random.Random(seed)
    inputs: list[tuple[int, bytes]] = []
    upcoming = dict.fromkeys(((key, lane) for key in range(PARTITIONS) for lane in range(2)), 0)
    while len(inputs) < 150:
        key = source.randrange(PARTITIONS)
        positions: list[tuple[Lane, int]] = []
        for _ in range(source.randrange(1, 5)):
            lane = source.randrange(2)
            begin = max(0, upcoming[key, lane] - source.choice([0, 0, 30]))  # the join was restarted
            end = max(upcoming[key, lane], begin) + source.randrange(1, 15)
            positions += [(Lane(1, lane), 2 * offset) for offset in range(begin, end)]
            upcoming[key, lane] = end
        of = columns_at([event(offset) for _, offset in positions], positions, identified=False)
        inputs.append((key, pack(key, oldest(of), of.encode())))
    flink = Flink(inputs, Horizon(0, 1000))
    _run(flink, source)
    for (key, lane), end in upcoming.items():
        assert [at for of, at in flink.passed[key] if of == lane] == [2 * offset for offset in range(end)]


@pytest.mark.parametrize("seed", range(3))
def test_of_events_that_were_sent_twice_the_first_passes(seed: int) -> None:
    source = random.Random(seed)
    inputs: list[tuple[int, bytes]] = []
    first: dict[int, dict[int, int]] = defaultdict(dict)  # offset by number, for each partition
    offsets = dict.fromkeys(range(PARTITIONS), 0)
    while len(inputs) < 150:
        key = source.randrange(PARTITIONS)
        numbers = [source.randrange(2_000) for _ in range(source.randrange(1, 30))]
        begin = offsets[key]
        offsets[key] += len(numbers)
        for offset, number in enumerate(numbers, begin):
            first[key].setdefault(number, offset)
        positions = [(Lane(1, key), offset) for offset in range(begin, offsets[key])]
        of = columns_at([event(number) for number in numbers], positions)
        inputs.append((key, pack(key, oldest(of), of.encode())))
    flink = Flink(inputs, Horizon(1_000_000, 10_000))
    _run(flink, source)
    for key, found in first.items():
        assert flink.passed[key] == [(key, offset) for offset in sorted(found.values())]


def test_what_is_past_the_horizon_leaves_the_state() -> None:
    inputs = []
    for number in range(60):
        of = columns_at([event(number)], [(Lane(1, 0), number)], record_ms=10**12 + number * 60_000)
        inputs.append((0, pack(0, oldest(of), of.encode())))
    flink = Flink(inputs, Horizon(600_000, 100_000))
    for _ in inputs:
        flink.next()
    assert 2 <= len(flink.chunks[0]) <= 20
