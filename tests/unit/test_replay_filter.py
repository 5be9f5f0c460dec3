import random

import msgspec
import numpy as np
import pytest

from clickstream.columns import Columns, Lane
from clickstream.replay_filter import Reached, ReplayFilter, Stream, streams_of
from tests.unit.event_columns import START_MS, columns_at, event

LANES = [Lane(1, 0), Lane(1, 3), Lane(2, 0)]


def _batch(rows: list[tuple[Lane, int, int]]) -> Columns:
    events = [event(offset, timestamp=START_MS + time) for _, offset, time in rows]
    return columns_at(events, [(lane, offset) for lane, offset, _ in rows])


def test_each_position_passes_once_and_knows_the_greatest_time_before_it() -> None:
    source = random.Random(3)
    lengths = dict.fromkeys(LANES, 0)
    passed: list[tuple[Lane, int]] = []
    highest: dict[Lane, int] = {}
    greatest: dict[Lane, int] = {}
    replays = ReplayFilter(0)
    for _ in range(200):
        rows = []
        for _ in range(source.randrange(1, 20)):
            lane = source.choice(LANES)
            lengths[lane] += source.randrange(1, 4)  # offsets rise, with gaps
            rows.append((lane, lengths[lane], lengths[lane] * 7919 % 10_000))
        if source.random() < 0.3:  # a stretch comes again
            for lane in LANES:
                lengths[lane] = max(0, lengths[lane] - source.randrange(30))
        found, new = replays.sort(_batch(rows))
        for row, (lane, offset, time) in enumerate(rows):
            assert new[row] == (offset > highest.get(lane, -1))
            assert found.reached[row] == greatest.get(lane, -1)
            if new[row]:
                passed.append((lane, offset))
                highest[lane] = offset
                greatest[lane] = max(greatest.get(lane, -1), START_MS + time)
        again = ReplayFilter(0)
        again.load(replays.encode())
        replays = again
    assert len(passed) == len(set(passed)) > 500
    assert {lane: reached.time_ms for lane, reached in replays.lanes.items()} == greatest


def test_rows_keep_what_was_reached_when_some_are_chosen() -> None:
    found, _ = ReplayFilter(0).sort(_batch([(LANES[0], 1, 5), (LANES[0], 2, 1), (LANES[0], 3, 9)]))
    assert found.where(np.array([False, True, True])).reached.tolist() == [START_MS + 5, START_MS + 5]


def test_an_event_of_the_future_takes_its_lane_no_further_than_its_receipt() -> None:
    ahead = columns_at([event(1, timestamp=START_MS + 290_000)], [(LANES[0], 1)], START_MS)
    after = columns_at([event(2, timestamp=START_MS + 1)], [(LANES[0], 2)], START_MS + 2)
    replays = ReplayFilter(0)
    replays.sort(ahead)
    assert replays.sort(after)[0].reached.tolist() == [START_MS]


def test_what_was_reached_names_the_partition_that_was_read_also_after_a_restart() -> None:
    replays = ReplayFilter(5)
    replays.sort(_batch([(LANES[1], 1, 5)]))
    again = ReplayFilter(5)
    again.load(replays.encode())
    (reached,) = again.lanes.values()
    assert reached == Reached(LANES[1], 1, START_MS + 5, 5)
    assert reached.stream == Stream(5, LANES[1])


def test_state_from_before_the_partition_was_told_is_taken_over() -> None:
    stored = msgspec.msgpack.encode([[[1, 3], 7, 9]])
    assert msgspec.msgpack.decode(stored, type=list[Reached])[0].stream == Stream(3, LANES[1])
    replays = ReplayFilter(4)
    replays.load(stored)
    assert replays.lanes == {LANES[1]: Reached(LANES[1], 7, 9, 4)}


@pytest.mark.parametrize(("lanes", "partitions"), [(4, 4), (12, 12), (4, 6), (6, 4), (3, 2), (1, 5), (5, 1)])
def test_the_streams_to_expect_are_those_that_a_hash_makes(lanes: int, partitions: int) -> None:
    topic = [Lane(1, number) for number in range(lanes)]
    dealt = {Stream(key % partitions, topic[key % lanes]) for key in range(200)}
    found = streams_of(topic, partitions)
    assert len(found) == len(set(found))
    assert set(found) == dealt
