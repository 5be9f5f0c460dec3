"""How the load of `make bench-collector` counts: a service that falls behind must not look fast."""

import time

from bench.collector.load import Connection, Load

BATCHES = [b"one", b"two"]


class Wire(Connection):
    """A connection that sends nowhere."""

    def __init__(self) -> None:
        super().__init__(lambda *_: None)
        self.sent: list[bytes] = []

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.sent.append(request)


def answered(load: Load, due: float, *, good: bool = True) -> None:
    wire = Wire()
    load._send(wire, due)
    assert wire.sent[0] in BATCHES
    load._answered(wire, good)


def test_latency_counts_from_when_a_request_was_due_also_when_its_answer_is_too_late() -> None:
    now = time.monotonic()
    load = Load(BATCHES, now - 3, now - 1)
    answered(load, now - 3.5)  # still warming up
    answered(load, now - 2)
    answered(load, now - 1.5)
    answered(load, now - 0.5)  # due when the measurement was over
    assert [round(each, 1) for each in load.latencies] == [2.0, 1.5]
    assert (load.accepted, load.counted, load.outstanding) == (4, 0, 0), "none was answered in time for the rate"


def test_only_good_answers_within_the_measurement_make_the_rate() -> None:
    now = time.monotonic()
    load = Load(BATCHES, now - 1, now + 60)
    answered(load, now)
    answered(load, now, good=False)
    assert (load.accepted, load.counted, load.failed, len(load.latencies)) == (1, 1, 1, 2)
