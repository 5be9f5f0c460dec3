"""Waiting for the checkpoint behind the youngest letters."""

from collections.abc import Iterator
from datetime import UTC, datetime

from clickstream.clock import ManualClock
from clickstream.names import DeadLetterReason
from sinks.dead_letters import DeadLetter
from sinks.dead_letters.progress import await_passed, job_is_stopped


def letter(offset: int, partition: int = 0) -> DeadLetter:
    return DeadLetter(
        reason=DeadLetterReason.UNAVAILABLE,
        code=0,
        message="",
        attempts=1,
        shard=0,
        node="",
        table="t",
        epoch=1,
        partition=partition,
        offset=offset,
        kafka_topic="events",
        kafka_partition=partition,
        kafka_offset=offset,
        record_ms=0,
        failed_at=datetime.fromtimestamp(0, UTC),
        raw="{}",
    )


class Group:
    """Commits of a consumer group: each `ask` sees the next of them."""

    def __init__(self, *commits: dict[int, int]) -> None:
        self._coming: Iterator[dict[int, int]] = iter(commits)
        self._committed = next(self._coming)

    def ask(self) -> None:
        self._committed = next(self._coming, self._committed)

    def passed(self, letter: DeadLetter) -> bool:
        return letter.kafka_offset < self._committed.get(letter.kafka_partition, -1)


LETTERS = [letter(3), letter(9), letter(5), letter(40, partition=1)]


def waited(group: Group, seconds: float = 45) -> float:
    clock = ManualClock()
    await_passed(iter(LETTERS), group.passed, group.ask, seconds, clock)
    return clock.monotonic()


def test_it_waits_for_the_youngest_letter_of_each_partition() -> None:
    group = Group({}, {0: 9}, {0: 10}, {0: 10, 1: 40}, {0: 10, 1: 41}, {0: 99, 1: 99})
    assert waited(group) == 4
    assert all(map(group.passed, LETTERS))


def test_it_does_not_wait_for_what_is_passed() -> None:
    assert waited(Group({0: 10, 1: 41})) == 0
    clock = ManualClock()
    await_passed(LETTERS, job_is_stopped, lambda: None, 45, clock)
    assert clock.monotonic() == 0


def test_it_ends_without_a_checkpoint() -> None:
    assert waited(Group({0: 9})) == 45
    assert waited(Group({0: 9}), seconds=0) == 0
