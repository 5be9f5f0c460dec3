"""The replay filter against a naive model of a table: restarts, gaps, several DWD partitions for one ODS partition."""

import asyncio

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.clickhouse.batch import Mask, Positions
from sinks.clickhouse.replays import ReplayFilter

Position = tuple[int, int, int]


class NaiveTable:
    """Answers look-ups out of a set, and counts them."""

    def __init__(self) -> None:
        self.rows: set[Position] = set()
        self.asked = 0

    async def horizons(self, firsts: dict[tuple[int, int], int]) -> dict[tuple[int, int], int]:
        found: dict[tuple[int, int], int] = {}
        for epoch, partition, offset in self.rows:
            if offset >= firsts.get((epoch, partition), 2**64):
                found[epoch, partition] = max(offset, found.get((epoch, partition), 0))
        return found

    async def present(self, positions: Positions) -> Mask:
        self.asked += 1
        return np.array([position in self.rows for position in as_tuples(positions)], dtype=np.bool_)


def as_tuples(positions: Positions) -> list[Position]:
    return list(zip(positions.epochs.tolist(), positions.partitions.tolist(), positions.offsets.tolist(), strict=True))


def sort(replays: ReplayFilter, rows: list[tuple[int, Position]]) -> tuple[list[bool], list[bool]]:
    positions = Positions.of([p[0] for _, p in rows], [p[1] for _, p in rows], [p[2] for _, p in rows])
    read_from = np.array([read for read, _ in rows], dtype=np.int64)
    repeated, held = asyncio.run(replays.sort(positions, read_from))
    return repeated.tolist(), held.tolist()


def test_a_fresh_table_is_asked_once_a_stream_and_then_left_alone() -> None:
    table = NaiveTable()
    replays = ReplayFilter(table)
    assert sort(replays, [(0, (1, 0, 5)), (0, (1, 0, 6))]) == ([False] * 2, [False] * 2)
    assert sort(replays, [(0, (1, 0, 7))]) == ([False], [False])
    assert table.asked == 0


def test_after_a_restart_the_rows_that_are_there_are_found_and_gaps_are_filled() -> None:
    table = NaiveTable()
    table.rows = {(1, 0, 5), (1, 0, 7)}  # 6 failed, or its month's part did
    rows = [(0, (1, 0, offset)) for offset in range(5, 10)]
    assert sort(ReplayFilter(table), rows) == ([False] * 5, [True, False, True, False, False])


def test_what_the_topic_repeats_is_repeated_whether_or_not_the_table_holds_it() -> None:
    table = NaiveTable()
    replays = ReplayFilter(table)
    sort(replays, [(0, (1, 0, 5)), (0, (1, 0, 6))])
    table.rows = {(1, 0, 5), (1, 0, 6)}
    assert sort(replays, [(0, (1, 0, 5)), (0, (1, 0, 6)), (0, (1, 0, 7))]) == ([True, True, False], [False] * 3)


def test_a_repeat_within_a_batch() -> None:
    assert sort(ReplayFilter(NaiveTable()), [(0, (1, 0, 5)), (0, (1, 0, 5)), (0, (1, 0, 6))])[0] == [False, True, False]


def test_streams_are_told_apart() -> None:
    replays = ReplayFilter(NaiveTable())
    sort(replays, [(0, (1, 0, 50))])
    others = [(0, (1, 1, 5)), (0, (2, 0, 5)), (1, (1, 0, 5))]  # another partition, another epoch, read from another one
    assert sort(replays, others) == ([False] * 3, [False] * 3)


# Each event of an ODS partition goes to one DWD partition, by its user, and the order within the ODS partition holds.
EVENTS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=40)


@settings(max_examples=120)
@given(EVENTS, st.data())
def test_each_event_is_written_once_through_restarts_of_both_jobs(
    events: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    next_offset = {0: 0, 1: 10}
    dwd: dict[int, list[Position]] = {0: [], 1: [], 2: []}
    sources: dict[int, list[tuple[int, Position]]] = {0: [], 1: []}
    for partition, read, step in events:
        next_offset[partition] += step
        sources[partition].append((read, (9, partition, next_offset[partition])))
    for source in sources.values():  # the job that writes DWD restarts now and then, and writes some again
        at = 0
        while at < len(source):
            stop = data.draw(st.integers(at + 1, len(source)))
            for read, position in source[at:stop]:
                dwd[read].append(position)
            at = stop
            again = data.draw(st.integers(0, 5))
            if again and stop < len(source):
                at = max(0, stop - again)
    table = NaiveTable()
    written: list[Position] = []
    committed = dict.fromkeys(dwd, 0)
    for _ in range(data.draw(st.integers(1, 4))):  # attempts of the sink's job
        replays = ReplayFilter(table)
        at_ = dict(committed)
        crash = data.draw(st.integers(1, 12))
        while crash and any(at_[read] < len(dwd[read]) for read in dwd):
            crash -= 1
            batch = []
            for read, topic in dwd.items():
                taken = topic[at_[read] : at_[read] + data.draw(st.integers(0, 6))]
                batch += [(read, position) for position in taken]
                at_[read] += len(taken)
            if not batch:
                continue
            repeated, held = sort(replays, batch)
            new = [row[1] for row, r, h in zip(batch, repeated, held, strict=True) if not r and not h]
            if crash == 0:  # dies in the middle of its insert: any of its rows may be there
                new = [position for position in new if data.draw(st.booleans())]
            written += new
            table.rows.update(new)
            if crash and data.draw(st.booleans()):
                committed = dict(at_)
    replays = ReplayFilter(table)
    rest = [(read, position) for read in dwd for position in dwd[read][committed[read] :]]
    if rest:
        repeated, held = sort(replays, rest)
        written += [row[1] for row, r, h in zip(rest, repeated, held, strict=True) if not r and not h]
    assert sorted(written) == sorted({position for source in sources.values() for _, position in source})
