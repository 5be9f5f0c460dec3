from dataclasses import replace

import pytest

from clickstream.clock import ManualClock
from clickstream.generator.model import TrafficModel
from clickstream.generator.pacing import ByTimestamp, EvenPace, FlatOut
from clickstream.generator.records import Chunk
from clickstream.generator.traffic import generate


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def chunk() -> Chunk:
    return next(generate(TrafficModel(events=5000, users=50, items=50)))


def test_flat_out_hands_out_the_whole_chunk(chunk: Chunk) -> None:
    assert list(FlatOut(never).portions(chunk)) == [chunk]
    assert not list(FlatOut(lambda: True).portions(chunk))


@pytest.mark.parametrize("rate", [0.5, 10.0, 1000.0, 1e6])
def test_even_pace_is_never_ahead_of_its_portion_nor_behind(chunk: Chunk, rate: float) -> None:
    clock = ManualClock(100.0)
    sent = 0
    for portion in EvenPace(rate, clock, never).portions(chunk):
        due = sent / rate
        assert due <= clock.monotonic() - 100.0 + 1e-6
        sent += len(portion)
        assert clock.monotonic() - 100.0 + 0.02 >= (sent - 1) / rate - 1e-6
    assert sent == len(chunk)
    assert clock.monotonic() - 100.0 == pytest.approx(len(chunk) / rate, abs=max(0.03, 1.01 / rate))


def test_even_pace_catches_up_after_a_delay(chunk: Chunk) -> None:
    clock = ManualClock()
    portions = EvenPace(1000.0, clock, never).portions(chunk)
    next(portions)
    clock.advance(3.0)
    slept = len(clock.slept)
    assert len(next(portions)) >= 2990
    assert len(clock.slept) == slept


def test_even_pace_stops_while_it_waits(chunk: Chunk) -> None:
    clock = ManualClock()
    portions = EvenPace(0.01, clock, lambda: clock.monotonic() > 5).portions(chunk)
    assert len(list(portions)) == 1
    assert clock.monotonic() < 6


def test_by_timestamp_hands_nothing_out_early_and_little_late(chunk: Chunk) -> None:
    stamped = replace(chunk, timestamps=[1_000_000 + i for i in range(len(chunk))])
    clock = ManualClock(999.0)
    sent = 0
    for portion in ByTimestamp(clock, never).portions(stamped):
        assert portion.timestamps[-1] <= clock.now() * 1000
        assert clock.now() * 1000 - portion.timestamps[0] <= 210
        sent += len(portion)
    assert sent == len(chunk)


def test_by_timestamp_stops_while_it_waits(chunk: Chunk) -> None:
    stamped = replace(chunk, timestamps=[10**12] * len(chunk))
    clock = ManualClock(0.0)
    assert not list(ByTimestamp(clock, lambda: clock.now() > 5).portions(stamped))
    assert clock.now() < 6
