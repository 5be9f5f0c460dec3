"""Events as rows of `user_behaviors_local`, in ClickHouse's JSONEachRow form."""

from typing import Any

import msgspec

from clickstream.events.model import EnrichedEvent, Event

_encode = msgspec.json.Encoder().encode


def encode_row(event: Event, epoch: int, partition: int, offset: int) -> bytes:
    """Encode an ODS event that was read at this position. The event is used up: its times become seconds.

    ClickHouse reads a JSON number into DateTime64(3) as seconds with a fraction; a float64 holds milliseconds of this
    century exactly. `extra_data` is a String column: the object is sent as text.
    """
    return b'{"_epoch":%d,"_partition":%d,"_offset":%d,' % (epoch, partition, offset) + _columns(event)[1:]


def encode_enriched_row(event: EnrichedEvent) -> bytes:
    """Encode a DWD event, which carries its position. The event is used up."""
    return _columns(event)


def _columns(event: Event) -> bytes:
    row: Any = event  # the columns' types differ from the fields'; msgspec encodes what it finds
    row.timestamp = event.timestamp / 1000
    row.received_at = (event.received_at or 0) / 1000
    if event.extra_data is not msgspec.UNSET:
        row.extra_data = bytes(event.extra_data).decode()
    return _encode(row)
