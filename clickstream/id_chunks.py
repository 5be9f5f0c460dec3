"""The ids of a stream within a horizon, kept in a store that survives restarts: for duplicates in keyed state.

The store holds chunks under increasing numbers. Only the last one, which is open, is ever written again; an older one
stays as it is until it has expired as a whole. So an incremental checkpoint writes what is new and nothing else, and
what has expired is dropped without being read. Questions are answered from memory (`RecentIds`); the store is read
once, when a stream is met for the first time.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from clickstream.recent_ids import Hashes, Mask, RecentIds, Times, forget_before, spans

# A chunk is closed when it holds this share of the ids, or spans this share of the time. The open one is written again
# with every micro-batch, so it should be small: 62 kB with the default of 2 million ids.
CHUNKS_BY_IDS = 256
CHUNKS_BY_TIME = 64

_HEAD = struct.Struct("<qq")


class ChunkStore(Protocol):
    """A map of one key's chunks by number. Flink's MapState[LONG, BYTES] is one."""

    def items(self) -> Iterable[tuple[int, bytes]]:
        """All chunks, in any order."""

    def put(self, key: int, value: bytes, /) -> None:
        """Store or replace one."""

    def remove(self, key: int, /) -> None:
        """Forget one that is there."""


@dataclass(slots=True)
class _Chunk:
    """Sorted, distinct hashes, with the times in ms of the first and the last that were added."""

    number: int
    oldest_ms: int
    newest_ms: int
    ids: int

    def encode(self, hashes: Hashes) -> bytes:
        return _HEAD.pack(self.oldest_ms, self.newest_ms) + hashes.astype("<u8").tobytes()

    @classmethod
    def decode(cls, number: int, data: bytes) -> tuple[Self, Hashes]:
        oldest_ms, newest_ms = _HEAD.unpack_from(data)
        hashes = np.frombuffer(data, dtype="<u8", offset=_HEAD.size).astype(np.uint64)
        return cls(number, oldest_ms, newest_ms, len(hashes)), hashes


class IdChunks:
    """The recent ids of one stream (one key). Make one for each key, keep it while the worker lives.

    An id is forgotten at the earliest when a call comes whose ids are all more than `horizon_ms` later, or when `most`
    others were seen since; at the latest when an eighth more of both has passed.

    Not shared between keys: the store must be that of the key that this object was made for whenever it is called.
    """

    def __init__(self, store: ChunkStore, horizon_ms: int, most: int) -> None:
        """Read what the store holds.

        Args:
            store: of this key, now and at every later call.
            horizon_ms: time within which an id counts as seen.
            most: ids remembered at the least, where so many come within the horizon.
        """
        self._store = store
        self._horizon_ms = horizon_ms
        self._most = most
        self._recent = RecentIds(horizon_ms, most)
        self._open_hashes: Hashes = np.empty(0, dtype=np.uint64)
        self._chunks: list[_Chunk] = []
        for number, data in sorted(store.items()):
            chunk, self._open_hashes = _Chunk.decode(number, bytes(data))
            self._chunks.append(chunk)
            self._recent.add(self._open_hashes, chunk.newest_ms)

    def __len__(self) -> int:
        """Ids in the store; one that was seen in two chunks counts twice."""
        return sum(chunk.ids for chunk in self._chunks)

    def seen(self, hashes: Hashes, times: Times) -> Mask:
        """Which ids were seen within the horizon before, in an earlier call or in this one; remembers all of them.

        Args:
            hashes: of the ids (`recent_ids.hashes_of`) in the order of their stream, shape (n,).
            times: each one's, in ms: the horizon is measured back from it.

        Returns:
            Shape (n,), true for duplicates.
        """
        if not len(hashes):
            return np.zeros(0, dtype=np.bool_)
        duplicates = self._recent.seen(hashes, np.zeros(len(hashes), dtype=np.bool_), times)
        for rows in spans(times, self._horizon_ms // CHUNKS_BY_TIME):
            self._append(np.unique(hashes[rows]), int(times[rows].max()))
        self._expire(forget_before(times, self._horizon_ms))
        return duplicates

    def _append(self, hashes: Hashes, time_ms: int) -> None:
        last = self._chunks[-1] if self._chunks else None
        if last is None or self._is_closed(last, time_ms):
            last = _Chunk(last.number + 1 if last else 0, time_ms, time_ms, 0)
            self._chunks.append(last)
            self._open_hashes = hashes
        else:
            self._open_hashes = np.union1d(self._open_hashes, hashes)
        last.oldest_ms = min(last.oldest_ms, time_ms)
        last.newest_ms = max(last.newest_ms, time_ms)
        last.ids = len(self._open_hashes)
        self._store.put(last.number, last.encode(self._open_hashes))

    def _is_closed(self, chunk: _Chunk, time_ms: int) -> bool:
        full = chunk.ids >= max(1, self._most // CHUNKS_BY_IDS)
        span = max(chunk.newest_ms, time_ms) - min(chunk.oldest_ms, time_ms)
        return full or span > self._horizon_ms // CHUNKS_BY_TIME

    def _expire(self, since_ms: int) -> None:
        total = len(self)
        while len(self._chunks) > 1:
            oldest = self._chunks[0]
            if oldest.newest_ms >= since_ms and total - oldest.ids < self._most:
                break
            total -= oldest.ids
            self._store.remove(oldest.number)
            del self._chunks[0]
