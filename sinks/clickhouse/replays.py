"""Which rows of a batch were written before: the reason why the sink needs no state in Flink.

After a restart the source goes back to its last checkpoint, so the first rows that a worker sees of a stream may be in
the table. The greatest offset that the table holds at or above the first one seen is that stream's *horizon*. At or
below it each batch asks which of its positions are there; a bare comparison would not do, because one INSERT spanning
two monthly partitions is not atomic, and because rows that were dead-lettered leave gaps. Above it nothing can have
been written before, and a high-water map in memory drops what the topic itself repeats (a DWD topic whose writer was
restarted; its order within an ODS partition holds).
"""

from collections.abc import Awaitable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sinks.clickhouse.batch import Indices, Mask, Positions


class PositionLookups(Protocol):
    """What the filter needs to ask the table."""

    def horizons(self, firsts: dict[tuple[int, int], int]) -> Awaitable[dict[tuple[int, int], int]]:
        """The greatest offset held at or above `firsts`, for each (epoch, partition) that has one."""

    def present(self, positions: Positions) -> Awaitable[Mask]:
        """Which positions are held."""


class ReplayFilter:
    """Tells new rows from repeated ones. One instance a worker; built anew whenever the worker starts."""

    def __init__(self, lookups: PositionLookups) -> None:
        self._lookups = lookups
        # Keyed by (partition that the job reads, epoch, ODS partition): order holds inside one such stream only.
        self._horizons: dict[tuple[int, int, int], int] = {}
        self._high_water: dict[tuple[int, int, int], int] = {}

    async def sort(self, positions: Positions, kafka_partitions: Indices) -> tuple[Mask, Mask]:
        """Compare a batch with the table and with what went before.

        Args:
            positions: ingest positions, in the order of the topic.
            kafka_partitions: for each row, the partition that it was read from.

        Returns:
            Two masks: rows whose position the topic repeats, and rows that the table holds already. No row is in both.
        """
        streams = [
            (int(read), epoch, partition, indices[read_from == read])
            for epoch, partition, indices in positions.streams()
            for read_from in [kafka_partitions[indices]]
            for read in np.unique(read_from)
        ]
        repeated = np.zeros(len(positions), dtype=np.bool_)
        for read, epoch, partition, rows in streams:
            repeated[rows] = self._repeats((read, epoch, partition), positions.offsets[rows])
        await self._touch(streams, positions)
        below = np.zeros(len(positions), dtype=np.bool_)
        for read, epoch, partition, rows in streams:
            below[rows] = positions.offsets[rows].astype(np.int64) <= self._horizons[read, epoch, partition]
        below &= ~repeated
        held = np.zeros(len(positions), dtype=np.bool_)
        if below.any():
            asked = np.flatnonzero(below)
            held[asked] = await self._lookups.present(positions.take(asked))
        return repeated, held

    def _repeats(self, stream: tuple[int, int, int], offsets: npt.NDArray[np.uint64]) -> Mask:
        high = self._high_water.get(stream, -1)
        # The greatest offset before each row: what is not above it was seen.
        before = np.maximum.accumulate(np.concatenate([[high], offsets[:-1].astype(np.int64)]))
        seen: Mask = offsets.astype(np.int64) <= before
        self._high_water[stream] = max(high, int(offsets.max()))
        return seen

    async def _touch(self, streams: list[tuple[int, int, int, npt.NDArray[np.int64]]], positions: Positions) -> None:
        """Look the horizon up for streams that appear for the first time."""
        new = [
            (read, epoch, partition, int(positions.offsets[rows].min()))
            for read, epoch, partition, rows in streams
            if (read, epoch, partition) not in self._horizons
        ]
        if not new:
            return
        firsts: dict[tuple[int, int], int] = {}
        for _, epoch, partition, first in new:
            firsts[epoch, partition] = min(first, firsts.get((epoch, partition), first))
        found = await self._lookups.horizons(firsts)
        for read, epoch, partition, first in new:
            self._horizons[read, epoch, partition] = found.get((epoch, partition), first - 1)
