from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from clickstream.columns import Columns, Lane
from clickstream.recent_ids import hashes_of
from tests.unit.event_columns import START_MS, columns, event, traffic


def _rows(found: Columns) -> list[tuple[object, ...]]:
    return [
        (
            found.lanes[found.lane[row]],
            int(found.offsets[row]),
            int(found.times[row]),
            int(found.received[row]),
            int(found.ids[row]),
            int(found.actions[row]),
            found.places[found.place[row]],
            found.users[found.user[row]],
            found.items[found.item[row]] if found.item[row] >= 0 else None,
        )
        for row in range(len(found))
    ]


def test_columns_hold_what_the_events_say() -> None:
    events = traffic(200)
    ids = hashes_of([each.event_id for each in events]).tolist()
    assert _rows(columns(events, 5)) == [
        (
            Lane(7, 0),
            5 + number,
            each.timestamp,
            START_MS,
            ids[number],
            each.action_type.number,
            (each.tenant_id, each.scenario_id),
            each.user_id,
            each.item_id,
        )
        for number, each in enumerate(events)
    ]


def test_the_time_of_receipt_is_the_events_own_where_it_has_one() -> None:
    assert columns([event(1, received_at=5), event(2, received_at=0), event(3)]).received.tolist() == [5, 0, START_MS]


@pytest.mark.parametrize("count", [0, 1, 200])
def test_bytes_hold_everything(count: int) -> None:
    found = columns(traffic(count))
    assert _rows(Columns.decode(found.encode())) == _rows(found)


@pytest.mark.parametrize("rows", [slice(3, 9), np.arange(200) % 3 == 0, np.array([5, 2])])
def test_rows_are_chosen_in_order_and_compacted_without_loss(rows: slice | npt.NDArray[Any]) -> None:
    found = columns(traffic(200))
    chosen = found.where(rows)
    assert _rows(chosen) == [_rows(found)[row] for row in np.arange(200)[rows].tolist()]
    compacted = chosen.compact()
    assert _rows(compacted) == _rows(chosen)
    assert len(compacted.users) == len(set(compacted.user.tolist()))
    assert len(compacted.encode()) < len(chosen.encode()) or len(chosen) > 50


def test_an_empty_item_is_none() -> None:
    assert columns([event(1, item_id=""), event(2, item_id=None), event(3)]).item.tolist() == [-1, -1, 0]
