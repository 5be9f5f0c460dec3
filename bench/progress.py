"""How far a long run is, on one line of the log every few seconds."""

import sys
import time

_EVERY_SECONDS = 10.0


class Progress:
    """Of `total` of something.

    Args:
        what: is done with it, such as "inserted".
        total: how many there are.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._began = self._said = time.monotonic()

    def at(self, done: int) -> None:
        """Say it, unless it was said just now; what is done completely is always said."""
        now = time.monotonic()
        done = min(done, self._total)
        if now - self._said < _EVERY_SECONDS and done < self._total:
            return
        self._said = now
        rate = done / max(now - self._began, 1e-9)
        left = f", about {(self._total - done) / rate:,.0f} s left" if done and done < self._total else ""
        print(f"{self._what} {done:,} of {self._total:,}, {rate:,.0f} a second{left}", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """One line of what is being done now."""
    print(text, file=sys.stderr, flush=True)
