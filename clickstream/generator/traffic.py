"""Puts the pieces together: sessions begin, wait in the schedule, are given their times and rendered."""

import sys
from collections.abc import Iterator

import numpy as np

from clickstream.clock import Clock
from clickstream.generator.model import EVENTS_PER_SESSION, TrafficModel
from clickstream.generator.population import Population
from clickstream.generator.records import Chunk
from clickstream.generator.rendering import Renderer
from clickstream.generator.schedule import Schedule
from clickstream.generator.sessions import MAX_DELAY, Sessions
from clickstream.generator.timewarp import EvenTimeline, LiveTimeline, Timeline, TimeWarp

# Small enough for a chunk's columns to stay in the cache, large enough to forget the cost of a numpy call.
CHUNK_EVENTS = 20_000


def generate(model: TrafficModel) -> Iterator[Chunk]:
    """All records of a model, `model.events` of them, in order of sending.

    Deterministic: equal models give equal bytes in equal order, on any machine.
    """
    timeline = EvenTimeline(model.start_ms, model.span_ms, model.events)
    return _chunks(model, timeline, min(CHUNK_EVENTS, model.events), model.events_per_second, model.events)


def live(model: TrafficModel, rate: float, clock: Clock) -> Iterator[Chunk]:
    """Endless records, `rate` a second, stamped with the time at which each is to be sent, from now on.

    `model.events`, `span_ms` and `start_ms` play no role here. Take a chunk when the one before is sent: it is stamped
    from the end of that one, or from the present if that is over.
    """
    size = max(1, min(CHUNK_EVENTS, round(rate / 2)))
    return _chunks(model, LiveTimeline(rate, clock), size, rate, sys.maxsize)


def _chunks(model: TrafficModel, timeline: Timeline, size: int, rate: float, left: int) -> Iterator[Chunk]:
    population = Population(model)
    sessions = Sessions(model, population)
    renderer = Renderer(model, population)
    count = max(1, round(size / EVENTS_PER_SESSION))
    slice_us = max(1, round(count * EVENTS_PER_SESSION / rate * 1_000_000))
    schedule = Schedule(slice_us)
    warp = TimeWarp(timeline, MAX_DELAY)
    number = 0
    while left:
        rng = np.random.default_rng([model.seed, 1, number])
        schedule.add(sessions.begin(rng, number * slice_us, slice_us, count))
        records = schedule.take(number)[:left]
        left -= len(records)
        number += 1
        warp.extend(records["sent"], number * slice_us)
        if not len(records):
            continue
        sent_ms = warp.milliseconds(records["sent"])
        event_times = warp.milliseconds(records["happened"])
        bound = warp.milliseconds(np.array([max(0, number * slice_us - MAX_DELAY)]))
        yield Chunk(
            keys=renderer.keys(records),
            values=renderer.values(records, event_times, sent_ms),
            timestamps=sent_ms.tolist(),
            event_times=event_times,
            records=records,
            complete_before_ms=int(bound[0]),
        )
