import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.batch import Batch, Positions
from sinks.clickhouse.isolation import HINTS, SAMPLE, Piece, draw, split


def batch_of(count: int) -> Batch:
    return Batch.of([b"{}"] * count, Positions.of([0] * count, [0] * count, range(count)), [""] * count)


@given(
    st.integers(1, 80).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))),
    st.lists(st.integers(-5, 100) | st.none(), max_size=200),
    st.sampled_from(["true", "none", "lying"]),
)
def test_exactly_the_bad_rows_stand_alone(rows: tuple[int, set[int]], lies: list[int | None], truth: str) -> None:
    count, bad = rows
    pending = [Piece(batch_of(count))]
    stored: list[int] = []
    dead: list[int] = []
    inserts = 0
    while pending:
        piece = pending.pop()
        inserts += 1
        index = piece.batch.index.tolist()
        wrong = [position for position, row in enumerate(index) if row in bad]
        if not wrong:
            stored += index
        elif len(index) == 1:
            dead += index
        else:
            lie = lies[inserts % len(lies)] if lies else None
            pieces = split(piece, {"true": wrong[0], "none": None, "lying": lie}[truth])
            assert sorted(i for each in pieces for i in each.batch.index.tolist()) == sorted(index)
            assert all(0 < len(each.batch) < len(index) for each in pieces)
            pending += pieces
    assert sorted(dead) == sorted(bad)
    assert sorted(stored) == sorted(set(range(count)) - bad)
    if truth == "true" and len(bad) < HINTS:
        assert inserts <= 2 * len(bad) + 1
    assert inserts <= 2 * count + 2 * HINTS


def test_a_named_row_goes_alone_and_the_rest_stays_together() -> None:
    rest, alone = split(Piece(batch_of(10)), 3)
    assert alone.batch.index.tolist() == [3]
    assert rest.batch.index.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert rest.hints == HINTS - 1


def test_without_a_number_or_with_hints_used_up_it_is_halved() -> None:
    for piece, row in [(Piece(batch_of(10)), None), (Piece(batch_of(10), hints=0), 3), (Piece(batch_of(10)), 10)]:
        sizes = [len(each.batch) for each in split(piece, row)]
        assert sizes == [5, 5]
    assert np.array_equal(split(Piece(batch_of(2)), -1)[1].batch.index, [0])


def test_a_sample_is_drawn_evenly_and_taken_out() -> None:
    whole = batch_of(1_000)
    cuts = [range(300), range(300, 301), range(301, 999), range(999, 1_000)]
    rest, sample = draw([Piece(whole.take(np.array(rows)), hints=5) for rows in cuts])
    drawn = [each.batch.index.tolist() for each in sample]
    assert len(drawn) == SAMPLE
    assert all(len(each) == 1 for each in drawn)
    rows = [row for (row,) in drawn]
    assert (rows[0], rows[-1]) == (0, 999)
    assert all(15 <= later - earlier <= 17 for earlier, later in zip(rows, rows[1:], strict=False))
    assert sorted(rows + [row for each in rest for row in each.batch.index.tolist()]) == list(range(1_000))
    assert {each.hints for each in rest} == {5}
