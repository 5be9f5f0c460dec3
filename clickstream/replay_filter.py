"""The replay filter: positions that were seen already are dropped, whatever the topic repeats."""

from dataclasses import replace

import msgspec
import numpy as np

from clickstream.columns import Columns, Lane
from clickstream.recent_ids import Mask


class Reached(msgspec.Struct, array_like=True):
    """How far one lane has come: its highest offset, and its greatest event time in ms.

    An event of the future, as of a device whose clock is fast, counts as of its receipt: or it would make others late.
    """

    lane: Lane
    offset: int
    time_ms: int


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[Reached])


class ReplayFilter:
    """Highest offset and greatest event time of each lane that one Kafka partition carried.

    It relies on the order of each lane: dimension_join keeps it, and repeats only stretches that it wrote before.
    """

    def __init__(self) -> None:
        self.lanes: dict[Lane, Reached] = {}

    def load(self, data: bytes) -> None:
        """Take over what `encode` gave."""
        self.lanes = {reached.lane: reached for reached in _decoder.decode(data)}

    def encode(self) -> bytes:
        """All that is known."""
        return _encode(list(self.lanes.values()))

    def sort(self, columns: Columns) -> tuple[Columns, Mask]:
        """Judge a micro-batch, and remember it.

        Returns:
            The columns with `reached` filled in, and which rows are above all that their lane had before.
        """
        new: Mask = np.zeros(len(columns), dtype=np.bool_)
        before = np.full(len(columns), -1, dtype=np.int64)
        for code, lane in enumerate(columns.lanes):
            rows = np.flatnonzero(columns.lane == code)
            if not len(rows):
                continue
            known = self.lanes.get(lane) or Reached(lane, -1, -1)
            highest = np.maximum.accumulate(np.concatenate([[known.offset], columns.offsets[rows]]))
            fresh = columns.offsets[rows] > highest[:-1]
            times = np.where(fresh, np.minimum(columns.times[rows], columns.received[rows]), -1)
            greatest = np.maximum.accumulate(np.concatenate([[known.time_ms], times]))
            new[rows] = fresh
            before[rows] = greatest[:-1]
            self.lanes[lane] = Reached(lane, int(highest[-1]), int(greatest[-1]))
        return replace(columns, reached=before), new
