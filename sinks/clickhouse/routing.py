"""Which shard a row goes to."""

import random
from collections.abc import Callable
from itertools import accumulate, cycle
from typing import Protocol

import numpy as np
import xxhash

from clickstream.config.clickhouse import Cluster, Shard
from clickstream.config.sink import Routing
from sinks.clickhouse.batch import Batch

Usable = Callable[[Shard], bool]


class Router(Protocol):
    """Spreads batches over the cluster's shards."""

    # Whether a row may go to any shard. Where it may not, a shard that is down is waited for.
    movable: bool

    def split(self, batch: Batch, usable: Usable) -> list[tuple[Shard, Batch]]:
        """Cut a batch into the parts that go to one shard each, in no particular order.

        Where rows are movable, shards that are not `usable` are passed over unless none is.
        """

    def another(self, tried: frozenset[int], usable: Usable) -> Shard | None:
        """A shard that is not among the tried numbers, or None; always None where rows are not movable."""


class RandomRouter:
    """The whole batch to one shard, drawn by weight."""

    movable = True

    def __init__(self, cluster: Cluster, source: random.Random) -> None:
        self._shards = cluster.shards
        self._random = source

    def split(self, batch: Batch, usable: Usable) -> list[tuple[Shard, Batch]]:
        """One part."""
        candidates = [shard for shard in self._shards if usable(shard)] or list(self._shards)
        return [(self._draw(candidates), batch)]

    def another(self, tried: frozenset[int], usable: Usable) -> Shard | None:
        """Any usable shard that was not tried."""
        candidates = [shard for shard in self._shards if shard.number not in tried and usable(shard)]
        return self._draw(candidates) if candidates else None

    def _draw(self, candidates: list[Shard]) -> Shard:
        return self._random.choices(candidates, weights=[shard.weight for shard in candidates])[0]


class RoundRobinRouter:
    """The whole batch to one shard, in turn, each as often in a round as its weight says."""

    movable = True

    def __init__(self, cluster: Cluster, source: random.Random) -> None:
        turns = [shard for shard in cluster.shards for _ in range(shard.weight)]
        start = source.randrange(len(turns))  # subtasks must not all begin with the first shard
        self._turns = len(turns)
        self._next = cycle(turns[start:] + turns[:start])

    def split(self, batch: Batch, usable: Usable) -> list[tuple[Shard, Batch]]:
        """One part."""
        first = next(self._next)
        if usable(first):
            return [(first, batch)]
        return [(self.another(frozenset({first.number}), usable) or first, batch)]

    def another(self, tried: frozenset[int], usable: Usable) -> Shard | None:
        """The next usable shard in turn that was not tried."""
        for _ in range(self._turns):
            shard = next(self._next)
            if shard.number not in tried and usable(shard):
                return shard
        return None


class HashRouter:
    """Each row by xxHash64 of its key modulo the sum of the weights: where a Distributed table would put it.

    ClickHouse's Distributed engine gives shard i the remainders from the sum of the weights before it up to that sum
    plus its own weight; with `xxHash64(user_id)` as sharding key both agree.
    """

    movable = False

    def __init__(self, cluster: Cluster) -> None:
        self._shards = cluster.shards
        bounds = list(accumulate(shard.weight for shard in cluster.shards))
        self._total = np.uint64(bounds[-1])
        self._slots = np.repeat(np.arange(len(self._shards)), [shard.weight for shard in self._shards])

    def shard_numbers(self, keys: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The shard's number for each key."""
        digest = xxhash.xxh64_intdigest
        hashes = np.fromiter((digest(key.encode()) for key in keys), dtype=np.uint64, count=len(keys))
        numbers: np.ndarray[tuple[int], np.dtype[np.int64]] = self._slots[(hashes % self._total).astype(np.int64)]
        return numbers

    def split(self, batch: Batch, usable: Usable) -> list[tuple[Shard, Batch]]:
        """A part for each shard that gets a row."""
        numbers = self.shard_numbers(batch.keys)
        return [(shard, batch.where(mask)) for shard in self._shards if (mask := numbers == shard.number).any()]

    def another(self, tried: frozenset[int], usable: Usable) -> Shard | None:
        """None: a row has one right shard."""
        return None


def router(routing: Routing, cluster: Cluster, source: random.Random) -> Router:
    """Build the router that a setting names."""
    if routing is Routing.RANDOM:
        return RandomRouter(cluster, source)
    if routing is Routing.ROUND_ROBIN:
        return RoundRobinRouter(cluster, source)
    return HashRouter(cluster)
