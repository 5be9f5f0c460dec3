"""Events of one Kafka partition on their way through the join, packed into bytes."""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct

from clickstream.events.model import Event
from clickstream.recent_ids import Hashes, Mask, Times, hashes_of

# Joining adds a third to a micro-batch at the most, and a stream element beyond 5 MB is spilled to disk on its way.
MICRO_BATCH_BYTES = 3 * 1024 * 1024

_encode_event = msgspec.json.Encoder().encode


class MicroBatch(Struct, array_like=True, frozen=True):
    """Consecutive valid events of one partition, and what is needed to find duplicates among them.

    Attributes:
        lines: the events with their ingest position, each a JSON object.
        ids: hash of each event_id, as 8 bytes in little-endian order; empty where nobody asks any more.
        received: each one's time of receipt in ms since the epoch, likewise.
    """

    lines: list[bytes]
    ids: bytes = b""
    received: bytes = b""

    @property
    def hashes(self) -> Hashes:
        """The hashes, shape (len(lines),)."""
        return np.frombuffer(self.ids, dtype="<u8").astype(np.uint64)

    @property
    def times(self) -> Times:
        """The times of receipt, shape (len(lines),)."""
        return np.frombuffer(self.received, dtype="<i8").astype(np.int64)

    def without(self, duplicates: Mask) -> "MicroBatch":
        """What is left of it; hashes and times are dropped."""
        if not duplicates.any():
            return MicroBatch(self.lines)
        return MicroBatch(
            [line for line, repeated in zip(self.lines, duplicates.tolist(), strict=True) if not repeated]
        )

    def pack(self) -> bytes:
        """As bytes."""
        return _pack(self)

    @staticmethod
    def unpack(data: bytes) -> "MicroBatch":
        """What `pack` made."""
        return _unpack(data)


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(MicroBatch).decode


def positioned(event: Event, epoch: int, partition: int, offset: int) -> bytes:
    """An event as JSON with its ingest position in front: what the DWD topic holds but for the dimensions."""
    return b'{"_epoch":%d,"_partition":%d,"_offset":%d,' % (epoch, partition, offset) + _encode_event(event)[1:]


def micro_batches(events: Sequence[Event], lines: Sequence[bytes], record_ms: Sequence[int]) -> list[MicroBatch]:
    """Cut one partition's events, with their rendered lines, into micro-batches of MICRO_BATCH_BYTES at the most.

    Never more of them than events, and none without any. A single event larger than the limit is one of its own.

    Args:
        events: checked, so each has its time of receipt.
        lines: as `positioned` made them.
        record_ms: each Kafka record's timestamp: no event counts as received later than that.
    """
    batches: list[MicroBatch] = []
    start = size = 0
    for index, line in enumerate(lines):
        if index > start and size + len(line) > MICRO_BATCH_BYTES:
            batches.append(_of(events[start:index], lines[start:index], record_ms[start:index]))
            start, size = index, 0
        size += len(line)
    return [*batches, _of(events[start:], lines[start:], record_ms[start:])] if events else batches


def _of(events: Sequence[Event], lines: Sequence[bytes], record_ms: Sequence[int]) -> MicroBatch:
    hashes = hashes_of([event.event_id for event in events])
    # A time of receipt in the future would make every id that is remembered look old.
    received = [min(event.received_at or 0, ms) for event, ms in zip(events, record_ms, strict=True)]
    return MicroBatch(list(lines), hashes.astype("<u8").tobytes(), np.array(received, dtype="<i8").tobytes())
