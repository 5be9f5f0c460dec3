"""Ids that clients sent twice, found again after a restart: recent ids, and the chunks by which state keeps them."""

from collections.abc import Iterable

import numpy as np

from clickstream.recent_ids import Hashes, Mask, RecentIds

CHUNK_IDS = 2048  # a chunk is written again until it holds so many: 16 KB


class Duplicates:
    """The ids of one partition within a horizon, in numbered chunks.

    Only the chunk that grows changes; the others are removed when they are past the horizon.
    """

    def __init__(self, horizon_ms: int, most: int) -> None:
        self._horizon_ms = horizon_ms
        self._most = most
        self._recent = RecentIds(horizon_ms, most)
        self._chunks: dict[int, tuple[int, int]] = {}  # number -> newest_ms, ids
        self._open: Hashes = np.zeros(0, dtype=np.uint64)
        self._next = 0

    def load(self, chunks: Iterable[tuple[int, bytes]]) -> None:
        """Take over stored chunks. What comes after goes into chunks of its own."""
        for number, chunk in sorted(chunks):
            found = np.frombuffer(chunk, np.uint64)
            newest_ms, ids = int(found[0]), found[1:]
            self._recent.add(ids, newest_ms)
            self._chunks[number] = (newest_ms, len(ids))
            self._next = number + 1

    def seen(self, ids: Hashes, known: Mask, time_ms: int) -> tuple[Mask, dict[int, bytes | None]]:
        """Which ids are repeated; all are remembered. See RecentIds.seen.

        Returns:
            Duplicates, and the chunks to be stored: a number and its bytes, or None where it is to be removed.
        """
        duplicate = self._recent.seen(ids, known, time_ms)
        new = np.unique(ids[~duplicate])
        changed: dict[int, bytes | None] = dict.fromkeys(self._expired(time_ms))
        if len(new):
            self._open = np.concatenate([self._open, new])
            newest_ms = max(time_ms, self._chunks.get(self._next, (0, 0))[0])
            self._chunks[self._next] = (newest_ms, len(self._open))
            changed[self._next] = np.concatenate([np.array([newest_ms], dtype=np.uint64), self._open]).tobytes()
            if len(self._open) >= CHUNK_IDS:
                self._open = np.zeros(0, dtype=np.uint64)
                self._next += 1
        return duplicate, changed

    def _expired(self, time_ms: int) -> list[int]:
        total = sum(count for _, count in self._chunks.values())
        expired = []
        for number, (newest_ms, count) in self._chunks.items():
            total -= count
            if number == self._next or (newest_ms >= time_ms - self._horizon_ms and total < self._most):
                break
            expired.append(number)
        for number in expired:
            del self._chunks[number]
        return expired
