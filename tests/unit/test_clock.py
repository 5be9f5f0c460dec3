import time

from clickstream.clock import Clock, ManualClock, SystemClock


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(100.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 100.0)
    clock.advance(5)
    clock.sleep(0.5)
    assert (clock.now(), clock.monotonic()) == (105.5, 105.5)
    assert clock.slept == [0.5]


def test_the_system_clock_is_the_machines() -> None:
    clock: Clock = SystemClock()
    before, started = time.time(), time.monotonic()
    assert before <= clock.now() <= time.time()
    clock.sleep(0.001)
    assert started + 0.001 <= clock.monotonic() <= time.monotonic()
