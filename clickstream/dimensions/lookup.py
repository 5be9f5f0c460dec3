"""Finding many keys of one dimension: from memory, else by one query that equal misses share."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clickstream.clock import Clock
from clickstream.dimensions.cache import DimensionCache
from clickstream.dimensions.rows import Found, Key

Answers = Mapping[Key, Found]
Fetch = Callable[[Sequence[Key]], Awaitable[Answers]]


class Failed(Protocol):
    """Told of each query that failed."""

    def __call__(self, dimension: str, error: Exception) -> None:
        """The error is that of the server, or TimeoutError."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds.

    Attributes:
        query: a query is given up after so long. It may be longer than events wait: its answer serves later ones.
        pause: after a failed query none is tried for so long, so that a server that is away costs one wait, not one
            for each micro-batch.
    """

    query: float = 5.0
    pause: float = 1.0


@dataclass(slots=True)
class LookupCounts:
    """What happened so far; keys are counted once a micro-batch."""

    hits: int = 0  # answered from memory, in time
    queried: int = 0  # keys that were asked for, refreshed ones included
    queries: int = 0
    absent: int = 0  # keys for which the server has no row
    stale: int = 0  # answered from memory, beyond their time, for want of an answer
    unknown: int = 0  # not answered
    failures: int = 0  # queries
    query_seconds: float = 0.0


class Lookup:
    """One dimension. Lives in one event loop.

    Guarantees: at most one query for a key is under way; `find` returns at its deadline at the latest and raises
    nothing of the server's; an answer that is known is given, however old, when no newer one comes in time. After one
    wait in vain nobody waits until a query is answered: a server that hangs costs its timeout once, not each time.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with, each of another kind
        self, name: str, fetch: Fetch, cache: DimensionCache, patience: Patience, clock: Clock, failed: Failed
    ) -> None:
        self.name = name
        self.counts = LookupCounts()
        self._fetch = fetch
        self._cache = cache
        self._patience = patience
        self._clock = clock
        self._failed = failed
        self._flying: dict[Key, asyncio.Task[Answers | None]] = {}
        self._slow = False  # the server let somebody wait in vain, and has answered nothing since
        self._paused_until = 0.0

    async def find(self, keys: Collection[Key], deadline: float) -> dict[Key, Found | None]:
        """Find rows.

        Args:
            keys: distinct.
            deadline: monotonic seconds of the clock.

        Returns:
            For each key the row, or None where the server has none; a key of which nothing is known is not in it.
        """
        now = self._clock.monotonic()
        found: dict[Key, Found | None] = {}
        missing: list[Key] = []
        due: list[Key] = []
        for key in keys:
            entry = self._cache.get(key)
            if entry is None or entry.expires <= now:
                missing.append(key)
                continue
            found[key] = entry.found
            if entry.due <= now and key not in self._flying:
                due.append(key)
        self.counts.hits += len(found)
        self.counts.absent += sum(1 for row in found.values() if row is None)
        unasked = [key for key in missing if key not in self._flying]
        if (unasked or due) and now >= self._paused_until:
            self._ask(unasked + due)
        if missing:
            await self._await(missing, found, deadline)
        return found

    def _ask(self, keys: list[Key]) -> None:
        task = asyncio.get_running_loop().create_task(self._query(keys), name=f"dimension {self.name}")
        self._flying |= dict.fromkeys(keys, task)

    async def _query(self, keys: list[Key]) -> Answers | None:
        """Ask, remember, and let nothing escape; None: there was no answer."""
        started = self._clock.monotonic()
        self.counts.queries += 1
        self.counts.queried += len(keys)
        try:
            async with asyncio.timeout(self._patience.query):
                answers = await self._fetch(keys)
        except Exception as error:  # whatever it is, events go on without this dimension
            self.counts.failures += 1
            self._paused_until = self._clock.monotonic() + self._patience.pause
            self._failed(self.name, error)
            return None
        finally:
            self.counts.query_seconds += self._clock.monotonic() - started
            for key in keys:
                self._flying.pop(key, None)
        self._slow = False
        now = self._clock.monotonic()
        for key in keys:
            self._cache.put(key, answers.get(key), now)
        return answers

    async def _await(self, missing: list[Key], found: dict[Key, Found | None], deadline: float) -> None:
        """Wait for the queries that ask for these keys, then take their answers, or what is remembered."""
        asked = {key: self._flying[key] for key in missing if key in self._flying}
        wait = deadline - self._clock.monotonic()
        if asked and wait > 0 and not self._slow:
            # Unlike wait_for it leaves the queries alone when time is up: others wait for them too.
            _, unanswered = await asyncio.wait(set(asked.values()), timeout=wait)
            self._slow = bool(unanswered)
        for key in missing:
            task = asked.get(key)
            answers = task.result() if task is not None and task.done() and not task.cancelled() else None
            if answers is not None:
                found[key] = answers.get(key)  # not from the cache, which may be smaller than a micro-batch
                self.counts.absent += found[key] is None
            elif (entry := self._cache.get(key)) is not None:
                found[key] = entry.found
                self.counts.stale += 1
            else:
                self.counts.unknown += 1
