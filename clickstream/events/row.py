"""Events as rows of `user_behaviors_local`, in ClickHouse's JSONEachRow form: one JSON object a line."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from clickstream.events.model import POSITION_NAMES, EnrichedEvent, Event

_encode_lines = msgspec.json.Encoder().encode_lines


class Row(Event, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, rename=POSITION_NAMES):
    """An ODS event that is to become a row: decoded with room for its position, which a sender can't set."""

    epoch: None = None
    partition: None = None
    offset: None = None


def encode_rows(events: Sequence[Row], epoch: int, partitions: Iterable[int], offsets: Iterable[int]) -> bytes:
    """Encode ODS events that were read at these positions, each with a line break behind it.

    The events are used up: their times become seconds, for ClickHouse reads a JSON number into DateTime64(3) as seconds
    with a fraction; a float64 holds milliseconds of this century exactly. `extra_data` stays the object that it is:
    ClickHouse reads its text into the String column. All are encoded in one call, which is faster than one call each.
    """
    row: Any  # the columns' types differ from the fields'; msgspec encodes what it finds
    for row, partition, offset in zip(events, partitions, offsets, strict=True):
        row.epoch = epoch
        row.partition = partition
        row.offset = offset
        row.timestamp /= 1000
        row.received_at = (row.received_at or 0) / 1000
    return _encode_lines(events)


def encode_enriched_rows(events: Sequence[EnrichedEvent]) -> bytes:
    """Encode DWD events, which carry their positions, in the same way. The events are used up."""
    row: Any
    for row in events:
        row.timestamp /= 1000
        row.received_at = (row.received_at or 0) / 1000
    return _encode_lines(events)
