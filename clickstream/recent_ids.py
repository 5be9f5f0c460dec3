"""Has this id been seen lately? For the duplicates that clients send.

Ids are kept as 64-bit hashes in sorted numpy arrays, 8 bytes each: a Python set would need about 60. With 2 million ids
the chance that a new one collides with any of them is 1e-13.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]

_FILTER_BITS = 8  # per id: about one look-up in eight of an unseen id passes the filter
_MERGE_AT = 8


def hashes_of(ids: Sequence[str]) -> Hashes:
    """XXH3 (64 bits) of each id's UTF-8: the value of ClickHouse's `xxh3`, so that a table's ids compare with these."""
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter((digest(each.encode()) for each in ids), dtype=np.uint64, count=len(ids))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Ids that are forgotten together: sorted, with the times of the oldest call and the newest."""

    oldest_ms: int
    newest_ms: int
    hashes: Hashes


class RecentIds:
    """The ids of one stream within a horizon of time and number.

    An id is forgotten at the earliest when a call comes whose ids are all more than `horizon_ms` later, or when `most`
    others were seen; whole chunks are dropped, so up to an eighth more of either may be kept, and one call's ids beyond
    that. What is found is within the horizon (and an eighth of it) of the id that is asked for, however long nothing
    came before. So times may go back, as they do where yesterday's events are sent after today's.
    """

    def __init__(self, horizon_ms: int, most: int) -> None:
        self._horizon_ms = horizon_ms
        self._most = most
        self._chunks: list[_Chunk] = []  # in the order in which they came
        size = 1 << max(16, (most * _FILTER_BITS - 1).bit_length())
        self._filter_mask = np.uint64(size - 1)
        self._filter = np.zeros(size // 8, dtype=np.uint8)

    def __len__(self) -> int:
        return sum(len(chunk.hashes) for chunk in self._chunks)

    def add(self, hashes: Hashes, time_ms: int, since_ms: int = 0) -> None:
        """Remember ids without asking; all count as of `time_ms`. What is older than `since_ms` is forgotten."""
        if not len(hashes):
            return
        self._chunks.append(_Chunk(time_ms, time_ms, np.sort(hashes)))
        self._mark(hashes)
        self._expire(since_ms)
        self._merge()

    def remember(self, hashes: Hashes, times: Times) -> None:
        """Remember ids without asking, each as of its own time (ms), in any order."""
        since_ms = forget_before(times, self._horizon_ms)
        for rows in spans(times, self._horizon_ms // _MERGE_AT):
            self.add(np.unique(hashes[rows]), int(times[rows].max()), since_ms)

    def seen(self, hashes: Hashes, known: Mask, times: Times) -> Mask:
        """Which ids were seen within the horizon before, here or earlier in the same call; remembers all of them.

        Args:
            hashes: ids in the order of their stream.
            known: rows whose place is decided: they count as seen for later rows, but are never reported.
            times: each id's, in ms: the horizon is measured back from it.
        """
        since = times - self._horizon_ms
        duplicates: Mask = ~known & (self._contains(hashes, since) | _repeats(hashes, times, since))
        self.remember(hashes, times)
        return duplicates

    def _contains(self, hashes: Hashes, since_ms: Times) -> Mask:
        """Which ids are here, each in a chunk that was not past at its `since_ms`."""
        found = np.zeros(len(hashes), dtype=np.bool_)
        bits = hashes & self._filter_mask
        maybe = np.flatnonzero(self._filter[(bits >> np.uint64(3)).astype(np.int64)] >> (bits & np.uint64(7)) & 1)
        wanted = hashes[maybe]
        for chunk in self._chunks:
            at = np.searchsorted(chunk.hashes, wanted)
            at[at == len(chunk.hashes)] = 0
            found[maybe] |= (chunk.hashes[at] == wanted) & (chunk.newest_ms >= since_ms[maybe])
        return found

    def _mark(self, hashes: Hashes) -> None:
        bits = hashes & self._filter_mask
        ones = np.left_shift(np.uint8(1), (bits & np.uint64(7)).astype(np.uint8))
        np.bitwise_or.at(self._filter, (bits >> np.uint64(3)).astype(np.int64), ones)

    def _expire(self, since_ms: int) -> None:
        total = len(self)
        kept = self._chunks
        while len(kept) > 1:
            oldest = kept[0]
            if oldest.newest_ms >= since_ms and total - len(oldest.hashes) < self._most:
                break
            total -= len(oldest.hashes)
            kept = kept[1:]
        if len(kept) < len(self._chunks):
            self._chunks = kept
            self._filter[:] = 0
            for chunk in kept:
                self._mark(chunk.hashes)

    def _merge(self) -> None:
        """Keep the chunks few: the last eight, when none is larger than a power of eight, become one, for each power.

        None grows beyond an eighth of `most` or spans more than an eighth of the horizon, so that expiry stays
        fine-grained, whether ids come fast or slowly.
        """
        limit = max(1, self._most // _MERGE_AT)
        size = _MERGE_AT
        while size <= limit:
            tail = self._chunks[-_MERGE_AT:]
            if len(tail) == _MERGE_AT and all(len(chunk.hashes) <= size for chunk in tail):
                merged = _Chunk(
                    min(chunk.oldest_ms for chunk in tail),
                    max(chunk.newest_ms for chunk in tail),
                    np.sort(np.concatenate([chunk.hashes for chunk in tail])),
                )
                span = merged.newest_ms - merged.oldest_ms
                if len(merged.hashes) <= limit and span <= self._horizon_ms // _MERGE_AT:
                    self._chunks[-_MERGE_AT:] = [merged]
            size *= _MERGE_AT


def forget_before(times: Times, horizon_ms: int) -> int:
    """Before when no id is a duplicate of any in a call: measured from the call's oldest. 0 for an empty call."""
    return max(0, int(times.min()) - horizon_ms) if len(times) else 0


def spans(times: Times, longest_ms: int) -> list[npt.NDArray[np.intp]]:
    """Group rows by time, oldest group first: none spans more than `longest_ms`, and the rows of each keep their order.

    Args:
        times: shape (n,), in ms, in any order.
        longest_ms: 0 or more.

    Returns:
        The rows' indices, each in one group.
    """
    if not len(times):
        return []
    if int(times.max()) - int(times.min()) <= longest_ms:
        return [np.arange(len(times))]
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    groups: list[npt.NDArray[np.intp]] = []
    start = 0
    while start < len(order):
        end = int(np.searchsorted(ordered, ordered[start] + longest_ms, side="right"))
        groups.append(np.sort(order[start:end]))
        start = end
    return groups


def _repeats(hashes: Hashes, times: Times, since_ms: Times) -> Mask:
    """Rows whose hash stands earlier in the same arrays, no older than the row's `since_ms`."""
    repeats = np.zeros(len(hashes), dtype=np.bool_)
    _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    if len(first) == len(hashes):
        return repeats
    newest = dict(zip(hashes[first[counts > 1]].tolist(), times[first[counts > 1]].tolist(), strict=True))
    later = np.ones(len(hashes), dtype=np.bool_)
    later[first] = False
    for row in np.flatnonzero(later).tolist():
        each = int(hashes[row])
        repeats[row] = newest[each] >= int(since_ms[row])
        newest[each] = max(newest[each], int(times[row]))
    return repeats
