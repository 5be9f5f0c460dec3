"""Batches are decoded in pieces; what comes out is what their records are one by one."""

import msgspec
import numpy as np
import pytest

from clickstream.columns import Columns, Lane
from clickstream.columns_decoder import ColumnsDecoder, DwdColumns, OdsColumns
from clickstream.events.decode import AT_ONCE, Limits
from clickstream.recent_ids import hashes_of

NOW = 1_760_000_000_000
COUNT = 2 * AT_ONCE + 17


def value(number: int) -> bytes | None:
    """Every 97th is none."""
    if number % 97 == 0:
        return None if number % 2 else b"[]"
    event = {
        "event_id": f"e-{number}",
        "tenant_id": "shop" if number % 3 else "bank",
        "scenario_id": f"s-{number % 5}",
        "user_id": f"u-{number % 13}",
        "action_type": "click" if number % 2 else "pageview",
        "timestamp": NOW + number,
        "_epoch": 6 + number % 2,
        "_partition": number % 4,
        "_offset": 10 * number,
    }
    if number % 2:
        event["item_id"] = f"i-{number % 7}"
    if number % 11 == 0:
        event["received_at"] = NOW + number + 100_000 * (number % 2)
    return msgspec.json.encode(event)


def told(columns: Columns) -> list[tuple[object, ...]]:
    """Each event, without codes."""
    return [
        (
            columns.lanes[columns.lane[row]],
            columns.offsets[row],
            columns.times[row],
            columns.received[row],
            columns.actions[row],
            columns.places[columns.place[row]],
            columns.users[columns.user[row]],
            columns.items[columns.item[row]] if columns.item[row] >= 0 else None,
        )
        for row in range(len(columns))
    ]


@pytest.mark.parametrize("decoder", [OdsColumns(7, Limits()), DwdColumns()], ids=["ods", "dwd"])
def test_a_batch_is_what_its_records_are_one_by_one(decoder: ColumnsDecoder) -> None:
    values = [value(number) for number in range(COUNT)]
    offsets, times = np.arange(500, 500 + COUNT), np.arange(NOW + 5, NOW + 5 + COUNT)
    columns = decoder.decode(3, values, offsets, times)
    singles = [
        decoder.decode(3, values[row : row + 1], offsets[row : row + 1], times[row : row + 1]) for row in range(COUNT)
    ]
    assert told(columns) == [each for single in singles for each in told(single)]
    good = [number for number in range(COUNT) if number % 97]
    assert [time - NOW for time in columns.times.tolist()] == good
    if isinstance(decoder, OdsColumns):
        assert columns.lanes == [Lane(7, 3)]
        assert columns.offsets.tolist() == [500 + number for number in good]
        assert columns.ids.tolist() == hashes_of([f"e-{number}" for number in good]).tolist()
    else:
        assert columns.offsets.tolist() == [10 * number for number in good]
        assert not len(columns.ids)


@pytest.mark.parametrize("decoder", [OdsColumns(7, Limits()), DwdColumns()], ids=["ods", "dwd"])
@pytest.mark.parametrize("values", [[], [None, b"x"]], ids=["nothing", "nothing good"])
def test_nothing_comes_of_nothing(decoder: ColumnsDecoder, values: list[bytes | None]) -> None:
    count = len(values)
    columns = decoder.decode(0, values, np.arange(count), np.full(count, NOW))
    assert len(columns) == 0
    assert told(columns) == []
