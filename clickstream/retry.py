"""When to try again: exponential backoff with full jitter."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Before the n-th retry, a wait drawn evenly from 0 to min(maximum, initial * 2^(n-1)) seconds.

    Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015) spreads many clients that
    failed at the same moment best. But the sum of the draws may be small by chance: so it is over only when the
    attempts are used up *and* `at_least` seconds have passed since the first one. An outage shorter than that is
    ridden out whatever the draws.
    """

    attempts: int = 8
    initial: float = 1.0
    maximum: float = 30.0
    at_least: float = 75.0

    def exhausted(self, attempts: int, elapsed: float) -> bool:
        """Whether to give up after so many attempts, `elapsed` seconds after the first began."""
        return attempts >= self.attempts and elapsed >= self.at_least

    def longest(self, attempt_seconds: float) -> float:
        """Seconds until it is over at the latest, where every attempt takes so long and every draw is the largest."""
        trying = self.attempts * attempt_seconds + sum(self.ceiling(retry) for retry in range(1, self.attempts))
        return max(trying, self.at_least + self.maximum + attempt_seconds)

    def ceiling(self, retry: int) -> float:
        """Seconds that the wait before the given retry (1 is the first) can reach."""
        return min(self.maximum, self.initial * 2.0 ** min(retry - 1, 60))

    def delay(self, retry: int, source: random.Random) -> float:
        """Seconds to wait before the given retry (1 is the first)."""
        return source.uniform(0.0, self.ceiling(retry))
