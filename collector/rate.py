"""Rate limits: a token bucket for each key."""

import math

from clickstream.clock import Clock
from collector.configuration.tenants import Rate
from collector.problem import ProblemError

_BURST_SECONDS = 10


class Bucket:
    """Holds up to `burst` tokens, one an event, refilled evenly. The first request finds it full.

    Args:
        rate: the limit.
        share: of it that this worker has; a collector's workers do not talk to each other.
        clock: for refills.
    """

    def __init__(self, rate: Rate, share: float, clock: Clock) -> None:
        self._per_second = rate.events_per_second * share
        burst = rate.burst if rate.burst is not None else rate.events_per_second * _BURST_SECONDS
        self._burst = max(1.0, burst * share)
        self._clock = clock
        self._tokens, self._at = self._burst, clock.monotonic()

    def take(self, count: int) -> None:
        """Take tokens for so many events. A request larger than the burst needs a full bucket, and leaves a debt.

        Raises:
            ProblemError: 429, there are not enough; Retry-After says when there will be.
        """
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        needed = min(float(count), self._burst)
        if self._tokens < needed:
            wait = math.ceil((needed - self._tokens) / self._per_second)
            raise ProblemError(
                429,
                "rate",
                f"this write key may send {self._per_second:g} events a second here: wait {wait} s",
                {"Retry-After": str(max(1, min(wait, 3600)))},
            )
        self._tokens -= count
