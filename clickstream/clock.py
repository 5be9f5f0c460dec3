"""Time, injected: so that a test of a retry or a window never sleeps."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where a component takes the time from."""

    def now(self) -> float:
        """Seconds since the epoch: the wall clock, which may be set back."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back: for durations and deadlines."""

    def sleep(self, seconds: float) -> None:
        """Block for that long."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for that long."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to, or when somebody sleeps on it."""

    def __init__(self, now: float = 0.0) -> None:
        self._now = now
        self.slept: list[float] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """The same seconds: this clock is never set back."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Note the wish, move on at once."""
        self.slept.append(seconds)
        self._now += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
