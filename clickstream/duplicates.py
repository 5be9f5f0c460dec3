"""Ids that clients sent twice, found again after a restart: recent ids, and the chunks by which state keeps them."""

from collections.abc import Iterable

import numpy as np

from clickstream.recent_ids import Hashes, Mask, RecentIds, Times, forget_before, spans

CHUNK_IDS = 2048  # a chunk is written again until it holds so many: 16 KB
CHUNKS_BY_TIME = 16  # or spans this share of the horizon: all of its ids count as of its newest after a restart


class Duplicates:
    """The ids of one partition within a horizon, in numbered chunks.

    Only the chunk that grows changes; the others are removed when they are past the horizon. After a restart an id
    counts as of its chunk's newest one: at the most a sixteenth of the horizon later than it came.
    """

    def __init__(self, horizon_ms: int, most: int) -> None:
        self._horizon_ms = horizon_ms
        self._most = most
        self._recent = RecentIds(horizon_ms, most)
        self._chunks: dict[int, tuple[int, int]] = {}  # number -> newest_ms, ids
        self._open: Hashes = np.zeros(0, dtype=np.uint64)
        self._open_since = 0  # the oldest time in it
        self._next = 0

    def load(self, chunks: Iterable[tuple[int, bytes]]) -> None:
        """Take over stored chunks. What comes after goes into chunks of its own."""
        for number, chunk in sorted(chunks):
            found = np.frombuffer(chunk, np.uint64)
            newest_ms, ids = int(found[0]), found[1:]
            self._recent.add(ids, newest_ms)
            self._chunks[number] = (newest_ms, len(ids))
            self._next = number + 1

    def seen(self, ids: Hashes, known: Mask, times: Times) -> tuple[Mask, dict[int, bytes | None]]:
        """Which ids are repeated; all are remembered. See RecentIds.seen.

        Returns:
            Duplicates, and the chunks to be stored: a number and its bytes, or None where it is to be removed.
        """
        duplicate = self._recent.seen(ids, known, times)
        changed: dict[int, bytes | None] = dict.fromkeys(self._expired(forget_before(times, self._horizon_ms)))
        new, at = ids[~duplicate], times[~duplicate]
        for rows in spans(at, self._horizon_ms // CHUNKS_BY_TIME):
            number, chunk = self._append(np.unique(new[rows]), int(at[rows].min()), int(at[rows].max()))
            changed[number] = chunk
        return duplicate, changed

    def _append(self, ids: Hashes, oldest_ms: int, newest_ms: int) -> tuple[int, bytes]:
        newest = max(newest_ms, self._chunks.get(self._next, (0, 0))[0])
        oldest = min(oldest_ms, self._open_since)
        if len(self._open) and newest - oldest > self._horizon_ms // CHUNKS_BY_TIME:
            self._close()
        if not len(self._open):
            oldest, newest = oldest_ms, newest_ms
        number = self._next
        self._open_since = oldest
        self._open = np.concatenate([self._open, ids])
        self._chunks[number] = (newest, len(self._open))
        chunk = np.concatenate([np.array([newest], dtype=np.uint64), self._open]).tobytes()
        if len(self._open) >= CHUNK_IDS:
            self._close()
        return number, chunk

    def _close(self) -> None:
        self._open = np.zeros(0, dtype=np.uint64)
        self._next += 1

    def _expired(self, since_ms: int) -> list[int]:
        total = sum(count for _, count in self._chunks.values())
        expired = []
        for number, (newest_ms, count) in self._chunks.items():
            total -= count
            if number == self._next or (newest_ms >= since_ms and total < self._most):
                break
            expired.append(number)
        for number in expired:
            del self._chunks[number]
        return expired
