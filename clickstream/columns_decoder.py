"""Kafka values of one partition to columns: of an ODS topic, where they are checked, and of DWD, where they were."""

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

import msgspec
import numpy as np

from clickstream.columns import Columns, Fields, Integers, Lane, Positions
from clickstream.events.action import Action
from clickstream.events.decode import AT_ONCE, PARSE_ERRORS, EventDecoder, Limits
from clickstream.events.model import Event, Id, ItemId, Milliseconds
from clickstream.events.rejection import Rejection


class ColumnsDecoder(Protocol):
    """One of the two below."""

    def decode(self, partition: int, values: Sequence[bytes | None], offsets: Integers, record_ms: Integers) -> Columns:
        """Columns of what can be decoded, in order.

        Args:
            partition: that the values were read from.
            values: of n records; None: a tombstone.
            offsets: shape (n,).
            record_ms: timestamps of the records, ms since the epoch, shape (n,).
        """


class OdsColumns:
    """Raw events: every field is checked, and what breaks a rule is left out."""

    def __init__(self, epoch: int, limits: Limits) -> None:
        self._epoch = epoch
        self._events = EventDecoder(Event, limits)

    def decode(self, partition: int, values: Sequence[bytes | None], offsets: Integers, record_ms: Integers) -> Columns:
        """See ColumnsDecoder. A position is that of the record itself."""
        fields = Fields(identified=True)
        rejected: list[int] = []
        times = record_ms.tolist()
        for begin in range(0, len(values), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            decoded: list[Any] = self._events.decode_batch(values[part], times[part])
            events = [event for event in decoded if type(event) is not Rejection]
            if len(events) < len(decoded):
                rejected += [begin + index for index, event in enumerate(decoded) if type(event) is Rejection]
            fields.add(events)
        offsets, record_ms = np.delete(offsets, rejected), np.delete(record_ms, rejected)
        lanes = [Lane(self._epoch, partition)]
        return fields.columns(Positions(lanes, np.zeros(len(offsets), dtype=np.int32), offsets), record_ms)


class JoinedEvent(msgspec.Struct, gc=False):
    """Of a DWD event, which was checked when it was written, the fields that are needed here."""

    tenant_id: Id
    scenario_id: Id
    user_id: Id
    action_type: Action
    timestamp: Milliseconds
    epoch: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] = msgspec.field(name="_epoch")
    partition: Annotated[int, msgspec.Meta(ge=0, lt=2**16)] = msgspec.field(name="_partition")
    offset: Annotated[int, msgspec.Meta(ge=0)] = msgspec.field(name="_offset")
    item_id: ItemId | None = None
    received_at: Milliseconds | None = None


class DwdColumns:
    """Joined events, which carry their positions in ODS. What can't be decoded is left out: the sink keeps it."""

    def __init__(self) -> None:
        self._parse = msgspec.json.Decoder(JoinedEvent).decode

    def decode(self, partition: int, values: Sequence[bytes | None], offsets: Integers, record_ms: Integers) -> Columns:
        """See ColumnsDecoder. Neither the partition nor the offsets of DWD count."""
        fields = Fields(identified=False)
        numbers: list[int] = []
        there: list[int] = []
        kept: list[int] = []
        for begin in range(0, len(values), AT_ONCE):
            events: list[Any] = []
            for index, value in enumerate(values[begin : begin + AT_ONCE], begin):
                try:
                    events.append(self._parse(value or b""))
                except PARSE_ERRORS:
                    continue
                kept.append(index)
            fields.add(events)
            numbers += [event.epoch << 16 | event.partition for event in events]
            there += [event.offset for event in events]
        found, lane = np.unique(np.array(numbers, dtype=np.int64), return_inverse=True)
        lanes = [Lane(number >> 16, number & 0xFFFF) for number in found.tolist()]
        positions = Positions(lanes, lane.astype(np.int32), np.array(there, dtype=np.int64))
        return fields.columns(positions, record_ms[kept])
