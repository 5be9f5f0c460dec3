"""How fast records go out."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Protocol

from clickstream.clock import Clock
from clickstream.generator.records import Chunk

# Records go out in portions of this many seconds' worth, so that sleeping does not cost more than sending.
PORTION_SECONDS = 0.02
LONGEST_SLEEP_SECONDS = 0.2


class Pacer(Protocol):
    """Cuts chunks into portions, each handed out when it is due. Never changes content or order."""

    @property
    def stopped(self) -> Callable[[], bool]:
        """Whether somebody wants to end the run: then no more is handed out."""

    def portions(self, chunk: Chunk) -> Iterator[Chunk]:
        """The chunk's records, each once and in order, until stopped."""


class FlatOut:
    """As fast as they are taken."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self.stopped = stopped

    def portions(self, chunk: Chunk) -> Iterator[Chunk]:
        """The whole chunk."""
        if not self.stopped():
            yield chunk


class EvenPace:
    """Record n is due n / rate seconds after the first was asked for. After a delay it catches up.

    Args:
        rate: records a second.
        clock: where the time is taken from.
        stopped: asked before each portion and each sleep.
    """

    def __init__(self, rate: float, clock: Clock, stopped: Callable[[], bool]) -> None:
        self._rate, self._clock = rate, clock
        self.stopped = stopped
        self._begin: float | None = None
        self._sent = 0

    def portions(self, chunk: Chunk) -> Iterator[Chunk]:
        """Portions of some hundredths of a second, or single records at low rates."""
        if self._begin is None:
            self._begin = self._clock.monotonic()
        done = 0
        while done < len(chunk) and not self.stopped():
            due = self._begin + self._sent / self._rate
            while (wait := due - self._clock.monotonic()) > 0:
                if self.stopped():
                    return
                self._clock.sleep(min(wait, LONGEST_SLEEP_SECONDS))
            # What is due by the end of this portion's time; at least the one that was waited for.
            size = min(len(chunk) - done, max(1, int(self._rate * (PORTION_SECONDS - wait))))
            yield chunk.part(done, done + size)
            done += size
            self._sent += size


class ByTimestamp:
    """A record is due at its Kafka timestamp, by the wall clock."""

    def __init__(self, clock: Clock, stopped: Callable[[], bool]) -> None:
        self._clock = clock
        self.stopped = stopped

    def portions(self, chunk: Chunk) -> Iterator[Chunk]:
        """All that are due, then sleep until the next portion is. No record is handed out before its time."""
        done = 0
        while done < len(chunk) and not self.stopped():
            now = self._clock.now() * 1000
            due = bisect_right(chunk.timestamps, now, lo=done)
            if due > done:
                yield chunk.part(done, due)
                done = due
                continue
            if self.stopped():
                return
            wait = (chunk.timestamps[done] - now) / 1000
            self._clock.sleep(min(max(wait, PORTION_SECONDS), LONGEST_SLEEP_SECONDS))
