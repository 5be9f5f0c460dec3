import random

import numpy as np

from clickstream.columns import Columns, Lane
from clickstream.replay_filter import ReplayFilter
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
    replays = ReplayFilter()
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
        again = ReplayFilter()
        again.load(replays.encode())
        replays = again
    assert len(passed) == len(set(passed)) > 500
    assert {lane: reached.time_ms for lane, reached in replays.lanes.items()} == greatest


def test_rows_keep_what_was_reached_when_some_are_chosen() -> None:
    found, _ = ReplayFilter().sort(_batch([(LANES[0], 1, 5), (LANES[0], 2, 1), (LANES[0], 3, 9)]))
    assert found.where(np.array([False, True, True])).reached.tolist() == [START_MS + 5, START_MS + 5]


def test_an_event_of_the_future_takes_its_lane_no_further_than_its_receipt() -> None:
    ahead = columns_at([event(1, timestamp=START_MS + 290_000)], [(LANES[0], 1)], START_MS)
    after = columns_at([event(2, timestamp=START_MS + 1)], [(LANES[0], 2)], START_MS + 2)
    replays = ReplayFilter()
    replays.sort(ahead)
    assert replays.sort(after)[0].reached.tolist() == [START_MS]
