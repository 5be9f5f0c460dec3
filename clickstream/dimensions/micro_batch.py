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


class Lines:
    """Collects one partition's events as lines, some at a time, so that the events can be freed."""

    def __init__(self, epoch: int, partition: int) -> None:
        self._epoch = epoch
        self._partition = partition
        self._lines: list[bytes] = []
        self._hashes: list[Hashes] = []
        self._received: list[int] = []

    def add(self, events: Sequence[Event], offsets: Sequence[int], record_ms: Sequence[int]) -> None:
        """Take the next n events.

        Args:
            events: checked, so each has its time of receipt.
            offsets: of their Kafka records.
            record_ms: each Kafka record's timestamp: no event counts as received later than that, for a time of receipt
                in the future would make every id that is remembered look old.
        """
        self._lines += [
            positioned(event, self._epoch, self._partition, offset)
            for event, offset in zip(events, offsets, strict=True)
        ]
        self._hashes.append(hashes_of([event.event_id for event in events]))
        self._received += [min(event.received_at or 0, ms) for event, ms in zip(events, record_ms, strict=True)]

    def micro_batches(self) -> list[MicroBatch]:
        """Cut what was added into micro-batches of MICRO_BATCH_BYTES at the most.

        Never more of them than events, and none without any. A single event larger than the limit is one of its own.
        """
        cuts = [0]
        size = 0
        for index, line in enumerate(self._lines):
            if index > cuts[-1] and size + len(line) > MICRO_BATCH_BYTES:
                cuts.append(index)
                size = 0
            size += len(line)
        hashes = np.concatenate([np.zeros(0, dtype=np.uint64), *self._hashes]).astype("<u8")
        received = np.array(self._received, dtype="<i8")
        ends = [*cuts[1:], len(self._lines)]
        return [
            MicroBatch(self._lines[begin:end], hashes[begin:end].tobytes(), received[begin:end].tobytes())
            for begin, end in zip(cuts, ends, strict=True)
            if begin < end
        ]
