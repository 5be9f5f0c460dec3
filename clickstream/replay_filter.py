"""The replay filter: positions that were seen already are dropped, whatever the topic repeats."""

from collections.abc import Sequence
from dataclasses import replace
from math import gcd
from typing import NamedTuple

import msgspec
import numpy as np

from clickstream.columns import Columns, Lane
from clickstream.recent_ids import Mask


class Stream(NamedTuple):
    """What one Kafka partition carries of a lane: its order holds. Of two such partitions one may be read far ahead."""

    source: int
    lane: Lane


class Reached(msgspec.Struct, array_like=True):
    """How far one stream has come: its highest offset, and its greatest event time in ms.

    An event of the future, as of a device whose clock is fast, counts as of its receipt: or it would make others late.
    """

    lane: Lane
    offset: int
    time_ms: int
    source: int = -1  # the Kafka partition that was read; what was stored before it was known: -1

    @property
    def stream(self) -> Stream:
        """Which stream."""
        return Stream(self.lane.partition if self.source < 0 else self.source, self.lane)


def streams_of(lanes: Sequence[Lane], partitions: int) -> list[Stream]:
    """The streams to expect where so many Kafka partitions carry all lanes of a topic, by the same hash of the key.

    A key of hash h lies in lane h mod n and in partition h mod m: they differ by a multiple of gcd(n, m). So where both
    topics have as many partitions, each of them carries one lane.
    """
    apart = gcd(len(lanes), partitions)
    return [
        Stream(source, lane)
        for source in range(partitions)
        for lane in lanes
        if source % apart == lane.partition % apart
    ]


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[Reached])


class ReplayFilter:
    """Highest offset and greatest event time of each lane that one Kafka partition carried.

    It relies on the order of each lane: dimension_join keeps it, and repeats only stretches that it wrote before.
    """

    def __init__(self, source: int) -> None:
        """Know nothing yet of this partition."""
        self._source = source
        self.lanes: dict[Lane, Reached] = {}

    def load(self, data: bytes) -> None:
        """Take over what `encode` gave."""
        for reached in _decoder.decode(data):
            self.lanes[reached.lane] = Reached(reached.lane, reached.offset, reached.time_ms, self._source)

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
            self.lanes[lane] = Reached(lane, int(highest[-1]), int(greatest[-1]), self._source)
        return replace(columns, reached=before), new
