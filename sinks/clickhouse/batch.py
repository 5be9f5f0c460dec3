"""A micro-batch on its way into a table, and what became of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from clickstream.names import DeadLetterReason

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Positions:
    """Ingest positions of n rows: three arrays of length n. Each position belongs to one event for ever."""

    epochs: npt.NDArray[np.uint64]
    partitions: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, epochs: Sequence[int], partitions: Sequence[int], offsets: Sequence[int]) -> Self:
        """Build from plain integers."""
        return cls(
            np.asarray(epochs, dtype=np.uint64),
            np.asarray(partitions, dtype=np.uint64),
            np.asarray(offsets, dtype=np.uint64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The positions of several parts, one behind the other."""
        return cls(
            np.concatenate([part.epochs for part in parts]),
            np.concatenate([part.partitions for part in parts]),
            np.concatenate([part.offsets for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.offsets)

    def take(self, indices: Indices) -> "Positions":
        """The positions at these indices, in their order."""
        return Positions(self.epochs[indices], self.partitions[indices], self.offsets[indices])

    def streams(self) -> list[tuple[int, int, Indices]]:
        """Group the rows by (epoch, partition): each group's indices in row order."""
        keys = (self.epochs << np.uint64(16)) | self.partitions
        return [
            (int(key >> np.uint64(16)), int(key & np.uint64(0xFFFF)), np.flatnonzero(keys == key))
            for key in np.unique(keys)
        ]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in the JSONEachRow form with their positions and sharding keys.

    They are kept as the body of an insert, and cut into rows only to take some out: most batches never are.

    Attributes:
        body: for each row one JSON object and a line break; there is no other line break in it.
        positions: of the rows.
        keys: what hash routing goes by.
        index: which element of the caller's input each row came from, however often the batch is cut into parts.
    """

    body: bytes
    positions: Positions
    keys: list[str]
    index: Indices

    @classmethod
    def of(cls, rows: list[bytes], positions: Positions, keys: list[str], index: Indices | None = None) -> Self:
        """Build a batch of single rows; without `index`, row i came from element i."""
        return cls(_lines(rows), positions, keys, np.arange(len(rows)) if index is None else index)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def rows(self) -> list[bytes]:
        """The rows one by one, without line breaks."""
        return self.body.split(b"\n")[:-1]

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    def take(self, indices: Indices) -> "Batch":
        """The rows at these indices, in their order."""
        rows = self.rows
        return Batch(
            _lines([rows[i] for i in indices.tolist()]),
            self.positions.take(indices),
            [self.keys[i] for i in indices.tolist()],
            self.index[indices],
        )

    def where(self, mask: Mask) -> "Batch":
        """The rows for which the mask holds; the batch itself where it holds for all."""
        return self if mask.all() else self.take(np.flatnonzero(mask))

    def parts(self, limit: int) -> list["Batch"]:
        """Cut into parts of at most `limit` bytes; a single row larger than that is a part of its own."""
        if self.size <= limit:
            return [self]
        ends = np.cumsum([len(row) + 1 for row in self.rows])
        parts: list[Batch] = []
        start = 0
        while start < len(self):
            base = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, base + limit, side="right")))
            parts.append(self.take(np.arange(start, stop)))
            start = stop
        return parts


def _lines(rows: list[bytes]) -> bytes:
    return b"\n".join([*rows, b""])


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A row that could not be stored. `index` is that of the caller's input, `code` the server's (0: none)."""

    index: int
    reason: DeadLetterReason
    code: int
    message: str
    attempts: int
    shard: int
    node: str


@dataclass(slots=True)
class Report:
    """What became of a batch: every row is in exactly one of the first four counts."""

    written: int = 0
    found: int = 0  # in the table already when a look-up asked: written by an earlier attempt
    replayed: int = 0  # dropped because the topic repeats a position
    dead: list[DeadRow] = field(default_factory=list)
    view_failures: list[DeadRow] = field(default_factory=list)  # stored, but a materialised view broke on them
    retries: int = 0
    fail_overs: int = 0
    inserts: int = 0
    parts_by_bytes: int = 0

    def add(self, other: "Report") -> None:
        """Add another part's report to this one."""
        self.written += other.written
        self.found += other.found
        self.replayed += other.replayed
        self.dead += other.dead
        self.view_failures += other.view_failures
        self.retries += other.retries
        self.fail_overs += other.fail_overs
        self.inserts += other.inserts
        self.parts_by_bytes += other.parts_by_bytes
