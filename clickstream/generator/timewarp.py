"""From model time to the time on the records.

Sessions begin evenly in model time, so records are sparse at first, while nobody is yet half-way through a session, and
noisy later. A timeline says when the n-th record is to be sent; the warp bends model time so that it is. Both the times
of events and of their sending go through the same rising map: what was late stays late and what came first stays first.
"""

from typing import Protocol

import numpy as np

from clickstream.clock import Clock
from clickstream.generator.records import Ints

_KNOTS_PER_SLICE = 64


class Timeline(Protocol):
    """When records are sent."""

    def next(self, count: int) -> tuple[Ints, Ints]:
        """The next `count` records' ranks to pin down, from 0 to count, and the time of each in ms."""


def _ranks(count: int) -> Ints:
    knots = min(count, _KNOTS_PER_SLICE)
    return np.arange(knots + 1, dtype=np.int64) * count // max(1, knots)


class EvenTimeline:
    """`events` records evenly over `span_ms`."""

    def __init__(self, start_ms: int, span_ms: int, events: int) -> None:
        self._start_ms, self._span_ms, self._events = start_ms, span_ms, events
        self._taken = 0

    def next(self, count: int) -> tuple[Ints, Ints]:
        """Ranks 0 to count and their times in ms."""
        ranks = _ranks(count)
        at = self._start_ms + (self._taken + ranks) * self._span_ms // self._events
        self._taken += count
        return ranks, at


class LiveTimeline:
    """`rate` records a second from now on. Where the generator falls behind, time jumps to the present."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate, self._clock = rate, clock
        self._end_ms = 0

    def next(self, count: int) -> tuple[Ints, Ints]:
        """Ranks 0 to count and their times in ms."""
        ranks = _ranks(count)
        begin = max(self._end_ms, int(self._clock.now() * 1000))
        at = begin + (ranks * (1000 / self._rate)).astype(np.int64)
        self._end_ms = int(at[-1])
        return ranks, at


class TimeWarp:
    """A rising, piecewise linear map from model time in microseconds to ms since the epoch."""

    def __init__(self, timeline: Timeline, remember_us: int) -> None:
        self._timeline, self._remember_us = timeline, remember_us
        self._model = np.zeros(1, dtype=np.int64)
        self._real = np.zeros(1, dtype=np.int64)

    def extend(self, sent: Ints, end_us: int) -> None:
        """Continue the map to `end_us`, by the rising model times at which that slice's records are sent."""
        ranks, at = self._timeline.next(len(sent))
        model = np.append(sent[ranks[:-1]], end_us) if len(sent) else np.array([end_us])
        if not self._real[0]:
            self._real[0] = at[0]
        # A point that was mapped must be mapped the same for ever, so old knots are only forgotten, never moved.
        kept = max(0, int(np.searchsorted(self._model, self._model[-1] - self._remember_us)) - 1)
        self._model = np.concatenate([self._model[kept:], model])
        self._real = np.concatenate([self._real[kept:], at if len(sent) else at[-1:]])

    def milliseconds(self, model_us: Ints) -> Ints:
        """Times in ms since the epoch of model times before the end of the map."""
        left = np.searchsorted(self._model, model_us, side="right") - 1
        left = left.clip(0, len(self._model) - 2)
        begin, end = self._model[left], self._model[left + 1]
        real, until = self._real[left], self._real[left + 1]
        # Fractions, not products: a slice may be a month long, and the product of two such lengths overflows.
        mapped: Ints = real + ((model_us - begin) / np.maximum(1, end - begin) * (until - real)).astype(np.int64)
        return mapped
