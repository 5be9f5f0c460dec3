import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clickstream.names import DeadLetterReason
from sinks.clickhouse.batch import Batch, DeadRow, Positions, Report

ROWS = st.lists(st.binary(min_size=1, max_size=20).map(lambda data: json.dumps(data.hex()).encode()), max_size=30)


def batch_of(rows: list[bytes]) -> Batch:
    count = len(rows)
    return Batch.of(
        rows, Positions.of([7] * count, [0] * count, range(100, 100 + count)), [f"k{i}" for i in range(count)]
    )


def consistent(batch: Batch, rows: list[bytes]) -> bool:
    """Whether each row still has its own position, key and index."""
    return all(
        row == rows[index] and offset == 100 + index and key == f"k{index}"
        for row, index, offset, key in zip(
            batch.rows, batch.index.tolist(), batch.positions.offsets.tolist(), batch.keys, strict=True
        )
    )


@given(ROWS.filter(bool), st.integers(1, 200))
def test_parts_hold_every_row_once_in_order_within_the_limit(rows: list[bytes], limit: int) -> None:
    batch = batch_of(rows)
    parts = batch.parts(limit)
    assert [row for part in parts for row in part.rows] == rows
    assert all(consistent(part, rows) for part in parts)
    assert all(len(part) and (part.size <= limit or len(part) == 1) for part in parts)
    for part, following in zip(parts, parts[1:], strict=False):
        assert part.size + len(following.rows[0]) + 1 > limit  # none could have taken one row more


@given(ROWS, st.data())
def test_take_and_where_keep_what_belongs_to_a_row(rows: list[bytes], data: st.DataObject) -> None:
    batch = batch_of(rows)
    chosen = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1)) if rows else st.just([])), dtype=np.int64)
    assert consistent(batch.take(chosen), rows)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), dtype=np.bool_)
    kept = batch.where(mask)
    assert consistent(kept, rows)
    assert kept.index.tolist() == np.flatnonzero(mask).tolist()
    again = kept.take(np.arange(len(kept))[::-1])
    assert consistent(again, rows)


def test_a_body_is_one_line_a_row() -> None:
    batch = batch_of([b"{}", b'{"a":1}'])
    assert batch.body == b'{}\n{"a":1}\n'
    assert batch.size == len(batch.body)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**63)), max_size=30))
def test_streams_group_rows_by_epoch_and_partition(rows: list[tuple[int, int, int]]) -> None:
    positions = Positions.of([e for e, _, _ in rows], [p for _, p, _ in rows], [o for _, _, o in rows])
    streams = positions.streams()
    assert sorted(index for _, _, indices in streams for index in indices.tolist()) == list(range(len(rows)))
    assert len({(epoch, partition) for epoch, partition, _ in streams}) == len(streams)
    for epoch, partition, indices in streams:
        assert all(rows[index][:2] == (epoch, partition) for index in indices.tolist())
        assert indices.tolist() == sorted(indices.tolist())


def test_reports_add_up() -> None:
    dead = DeadRow(1, DeadLetterReason.REFUSED, 469, "m", 1, 0, "n")
    one = Report(1, 2, 3, [dead], [dead], 4, 5, 6, 7)
    total = Report(10, 20, 30, [], [], 40, 50, 60, 70)
    total.add(one)
    assert total == Report(11, 22, 33, [dead], [dead], 44, 55, 66, 77)
