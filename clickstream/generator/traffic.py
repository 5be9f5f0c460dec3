"""Puts the pieces together: sessions begin, wait in the schedule, are given their times and rendered."""

from collections.abc import Iterator

import numpy as np

from clickstream.clock import Clock
from clickstream.generator.model import TrafficModel
from clickstream.generator.population import Population
from clickstream.generator.records import Chunk
from clickstream.generator.rendering import Renderer
from clickstream.generator.schedule import Schedule
from clickstream.generator.sessions import MAX_DELAY, Sessions, sessions_for
from clickstream.generator.timewarp import EvenTimeline, LiveTimeline, Timeline, TimeWarp

# Small enough for a chunk's columns to stay in the cache, large enough to forget the cost of a numpy call.
CHUNK_EVENTS = 20_000


def generate(model: TrafficModel) -> Iterator[Chunk]:
    """All records of a model, `model.events` of them, in order of sending.

    Deterministic: equal models give equal bytes in equal order, on any machine.
    """
    size = min(CHUNK_EVENTS, model.events)
    left = model.events
    timeline = EvenTimeline(model.start_ms, model.span_ms, model.events)
    for chunk in _chunks(model, timeline, size, model.events_per_second):
        last = len(chunk) >= left
        yield chunk.part(0, left) if last else chunk
        left -= len(chunk)
        if last:
            return


def live(model: TrafficModel, rate: float, clock: Clock) -> Iterator[Chunk]:
    """Endless records, `rate` a second, stamped with the time at which each is to be sent, from now on.

    `model.events`, `span_ms` and `start_ms` play no role here. Take the chunks as fast as they are sent: each is stamped
    from the end of the one before, or from the present if that is over.
    """
    return _chunks(model, LiveTimeline(rate, clock), max(1, min(CHUNK_EVENTS, round(rate / 2))), rate)


def _chunks(model: TrafficModel, timeline: Timeline, size: int, rate: float) -> Iterator[Chunk]:
    population = Population(model)
    sessions = Sessions(model, population)
    renderer = Renderer(model, population)
    count = sessions_for(size)
    slice_us = max(1, round(size / rate * 1_000_000))
    schedule = Schedule(slice_us)
    warp = TimeWarp(timeline, MAX_DELAY)
    number = 0
    while True:
        rng = np.random.default_rng([model.seed, 1, number])
        schedule.add(sessions.begin(rng, number * slice_us, slice_us, count))
        records = schedule.take(number)
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
