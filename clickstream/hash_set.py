"""A growing set of 64-bit hashes at 8 bytes each."""

import numpy as np

from clickstream.recent_ids import Hashes, Mask


class HashSet:
    """Sorted chunks, each at least twice as long as the next: adding n hashes one by one costs n log n in all."""

    def __init__(self) -> None:
        self._chunks: list[Hashes] = []

    def __len__(self) -> int:
        return sum(len(chunk) for chunk in self._chunks)

    def add(self, hashes: Hashes) -> Mask:
        """Add hashes, each once; which of them are new."""
        new: Mask = np.ones(len(hashes), dtype=np.bool_)
        for chunk in self._chunks:
            at = np.searchsorted(chunk, hashes)
            at[at == len(chunk)] = 0
            new &= chunk[at] != hashes
        if new.any():
            self._chunks.append(np.sort(hashes[new]))
        while len(self._chunks) > 1 and len(self._chunks[-2]) < 2 * len(self._chunks[-1]):
            self._chunks[-2:] = [np.sort(np.concatenate(self._chunks[-2:]))]
        return new

    def all(self) -> Hashes:
        """Every hash, sorted."""
        return np.sort(np.concatenate(self._chunks)) if self._chunks else np.zeros(0, dtype=np.uint64)
