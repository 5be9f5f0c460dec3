"""Answers that several ask for at once are fetched once, and kept for seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

from cachetools import TTLCache

from clickstream.clock import Clock

T = TypeVar("T")

_NONE = object()  # an answer may be None


class Flights:
    """Runs one task a key. Who asks while it runs waits for the same task; who asks soon after gets its answer.

    A task is cancelled when the last of those who wait for it has gone. Failures are not kept.

    Args:
        seconds: for which an answer is kept; 0: not at all.
        entries: answers that are kept at the most; the oldest goes first.
        clock: what measures the seconds.
    """

    def __init__(self, seconds: float, entries: int, clock: Clock) -> None:
        self._kept: TTLCache[Hashable, Any] | None = TTLCache(entries, seconds, clock.monotonic) if seconds else None
        self._flying: dict[Hashable, asyncio.Task[Any]] = {}
        self._waiting: dict[Hashable, int] = {}

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[T]]) -> T:
        """The answer for a key; `fetch` is called where there is neither a fresh answer nor a running task."""
        if self._kept is not None:
            # Asked for once: between two questions an answer may become too old.
            kept: Any = self._kept.get(key, _NONE)
            if kept is not _NONE:
                return cast(T, kept)
        task = self._flying.get(key)
        if task is None:
            task = self._flying[key] = asyncio.ensure_future(self._fetch(key, fetch))
            self._waiting[key] = 0
        self._waiting[key] += 1
        try:
            answer: T = await asyncio.shield(task)
            return answer
        finally:
            if self._flying.get(key) is task:
                self._waiting[key] -= 1
                if not self._waiting[key]:
                    self._land(key)
                    task.cancel()

    async def _fetch(self, key: Hashable, fetch: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = await fetch()
            if self._kept is not None:
                self._kept[key] = answer
            return answer
        finally:
            if self._flying.get(key) is asyncio.current_task():
                self._land(key)

    def _land(self, key: Hashable) -> None:
        del self._flying[key], self._waiting[key]
