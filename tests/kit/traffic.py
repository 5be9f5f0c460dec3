"""Modelled traffic into a topic, at once or flowing while a test does something to the servers."""

import threading
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from clickstream.clock import SystemClock
from clickstream.generator.answers import Answers
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.pacing import EvenPace, FlatOut, Pacer
from clickstream.generator.report import report
from clickstream.generator.run import run
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate


def model(events: int, span_ms: int = HOUR_MS, **details: Any) -> TrafficModel:
    """Traffic across the beginning of a month, so that inserts span two partitions of the table.

    It is the last beginning after which the whole span fits into the past; the table's TTL deletes what is much older.
    """
    latest = datetime.now(UTC) - timedelta(milliseconds=span_ms)
    month = latest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start_ms = int(month.timestamp() * 1000) - HOUR_MS // 2
    return TrafficModel(events=events, start_ms=start_ms, span_ms=span_ms, **details)


def send_traffic(bootstrap: str, topic: str, traffic: TrafficModel) -> Answers:
    """Send everything as fast as it goes; what a consumer must find."""
    return _send(bootstrap, topic, traffic, FlatOut(lambda: False))


def _send(bootstrap: str, topic: str, traffic: TrafficModel, pacer: Pacer) -> Answers:
    tally = Tally(traffic)
    with KafkaWriter(bootstrap, topic) as writer:
        run(generate(traffic), pacer, writer, tally, lambda _: None)
    return report(tally)


class Flow:
    """Traffic at a rate, from a thread of its own. On leaving, it is stopped.

    Args:
        bootstrap: Kafka's address.
        topic: must exist.
        traffic: what is sent.
        rate: records a second.
    """

    def __init__(self, bootstrap: str, topic: str, traffic: TrafficModel, rate: float) -> None:
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._answers: Answers | None = None
        pacer = EvenPace(rate, SystemClock(), self._stop.is_set)
        self._thread = threading.Thread(target=self._run, args=(bootstrap, topic, traffic, pacer), name="traffic")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def flowing(self) -> bool:
        """Whether something is still to be sent."""
        return self._thread.is_alive()

    def answers(self, seconds: float = 240) -> Answers:
        """Wait until everything is sent."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "traffic is still being sent"
        if self._failure:
            raise self._failure
        assert self._answers is not None
        return self._answers

    def end(self) -> Answers:
        """Send no more; the answers to what was sent."""
        self._stop.set()
        return self.answers()

    def _run(self, bootstrap: str, topic: str, traffic: TrafficModel, pacer: Pacer) -> None:
        try:
            self._answers = _send(bootstrap, topic, traffic, pacer)
        except BaseException as error:  # told to the test by `answers`
            self._failure = error


def actions(answers: Answers) -> dict[tuple[str, str, str], int]:
    """Valid events by tenant, scenario and action."""
    return {
        (place.tenant_id, place.scenario_id, action): count
        for place in answers.places
        for action, count in place.actions.items()
        if count
    }


def users(answers: Answers) -> dict[tuple[str, str], int]:
    """Distinct users by tenant and scenario."""
    return {(place.tenant_id, place.scenario_id): place.unique_users for place in answers.places}
