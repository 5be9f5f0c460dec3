"""Has this id been seen lately? For the duplicates that clients send.

Ids are kept as 64-bit hashes in sorted numpy arrays, 8 bytes each: a Python set would need about 60. With 2 million ids
the chance that a new one collides with any of them is 1e-13.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xxhash

Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_FILTER_BITS = 8  # per id: about one look-up in eight of an unseen id passes the filter
_MERGE_AT = 8


def hashes_of(ids: Sequence[str]) -> Hashes:
    """XXH3 (64 bits) of each id's UTF-8: the value of ClickHouse's `xxh3`, so that a table's ids compare with these."""
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter((digest(each.encode()) for each in ids), dtype=np.uint64, count=len(ids))


class RecentIds:
    """The ids of one stream within a horizon of time and number.

    An id is forgotten at the earliest when it is older than `horizon_ms`, or when `most` newer ones were seen; whole
    chunks are dropped, so up to an eighth more may be kept.
    """

    def __init__(self, horizon_ms: int, most: int) -> None:
        self._horizon_ms = horizon_ms
        self._most = most
        self._chunks: list[tuple[int, Hashes]] = []  # (time of the newest id, sorted hashes), oldest first
        size = 1 << max(16, (most * _FILTER_BITS - 1).bit_length())
        self._filter_mask = np.uint64(size - 1)
        self._filter = np.zeros(size // 8, dtype=np.uint8)
        self._newest_ms = 0

    def __len__(self) -> int:
        return sum(len(hashes) for _, hashes in self._chunks)

    def add(self, hashes: Hashes, time_ms: int) -> None:
        """Remember ids without asking. `time_ms` is the newest one's."""
        if not len(hashes):
            return
        self._newest_ms = max(self._newest_ms, time_ms)
        self._chunks.append((time_ms, np.sort(hashes)))
        self._mark(hashes)
        self._expire()
        self._merge()

    def seen(self, hashes: Hashes, known: Mask, time_ms: int) -> Mask:
        """Which ids were seen before, here or earlier in the same call; remembers all of them.

        Args:
            hashes: ids in the order of their stream.
            known: rows whose place is decided: they count as seen for later rows, but are never reported.
            time_ms: the time of the newest.
        """
        duplicates: Mask = ~known & (self._contains(hashes) | _repeats(hashes))
        self.add(np.unique(hashes), time_ms)
        return duplicates

    def _contains(self, hashes: Hashes) -> Mask:
        found = np.zeros(len(hashes), dtype=np.bool_)
        bits = hashes & self._filter_mask
        maybe = np.flatnonzero(self._filter[(bits >> np.uint64(3)).astype(np.int64)] >> (bits & np.uint64(7)) & 1)
        wanted = hashes[maybe]
        for _, chunk in self._chunks:
            at = np.searchsorted(chunk, wanted)
            at[at == len(chunk)] = 0
            found[maybe] |= chunk[at] == wanted
        return found

    def _mark(self, hashes: Hashes) -> None:
        bits = hashes & self._filter_mask
        ones = np.left_shift(np.uint8(1), (bits & np.uint64(7)).astype(np.uint8))
        np.bitwise_or.at(self._filter, (bits >> np.uint64(3)).astype(np.int64), ones)

    def _expire(self) -> None:
        total = len(self)
        kept = self._chunks
        while len(kept) > 1:
            time_ms, oldest = kept[0]
            too_old = time_ms < self._newest_ms - self._horizon_ms
            if not too_old and total - len(oldest) < self._most:
                break
            total -= len(oldest)
            kept = kept[1:]
        if len(kept) < len(self._chunks):
            self._chunks = kept
            self._filter[:] = 0
            for _, chunk in kept:
                self._mark(chunk)

    def _merge(self) -> None:
        """Keep the chunks few: eight at the end that are no larger than a power of eight become one, for each power.

        None grows beyond an eighth of `most`, so that expiry stays fine-grained.
        """
        limit = max(1, self._most // _MERGE_AT)
        size = _MERGE_AT
        while size <= limit:
            run = 0
            while run < len(self._chunks) and len(self._chunks[-1 - run][1]) <= size:
                run += 1
            tail = self._chunks[len(self._chunks) - run :]
            if run >= _MERGE_AT and sum(len(hashes) for _, hashes in tail) <= limit:
                newest = max(time_ms for time_ms, _ in tail)
                self._chunks[-run:] = [(newest, np.sort(np.concatenate([hashes for _, hashes in tail])))]
            size *= _MERGE_AT


def _repeats(hashes: Hashes) -> Mask:
    """Rows whose hash stands earlier in the same array."""
    _, first = np.unique(hashes, return_index=True)
    repeats = np.ones(len(hashes), dtype=np.bool_)
    repeats[first] = False
    return repeats
