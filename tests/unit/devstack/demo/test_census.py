import json

import pytest

from clickstream.errors import ContractError
from devstack.demo.census import REMEMBERED, Census, Counted

EPOCH = 7


def event(event_id: str) -> bytes:
    return json.dumps({"event_id": event_id, "action_type": "click"}).encode()


def judged(partition: int, offset: int, epoch: int = EPOCH) -> bytes:
    return json.dumps({"epoch": epoch, "partition": partition, "offset": offset, "reason": "empty"}).encode()


def joined(partition: int, offset: int, missing: list[str] | None = None) -> bytes:
    return json.dumps({"_epoch": EPOCH, "_partition": partition, "_offset": offset, "dim_missing": missing}).encode()


@pytest.fixture
def census() -> Census:
    return Census(EPOCH, {0: 100, 1: 0}, "visit-")


def test_what_is_written_again_counts_once(census: Census) -> None:
    census.take_sent((0, 100), event("a"))
    census.take_sent((0, 101), b"{")
    for _ in range(3):
        census.take_rejected(judged(0, 101))
        census.take_joined(joined(0, 100))
    assert census.counted() == Counted(sent=2, rejected=1, joined=1, read=8)


def test_a_repeated_id_is_a_duplicate_in_its_own_partition_only(census: Census) -> None:
    census.take_sent((0, 100), event("a"))
    census.take_sent((1, 0), event("a"))
    assert census.counted().repeated == 0
    census.take_sent((0, 101), event("a"))
    assert census.counted().repeated == 1


def test_a_repeat_that_was_refused_is_no_duplicate(census: Census) -> None:
    census.take_sent((0, 100), event("a"))
    census.take_sent((0, 101), event("a"))
    census.take_dead(judged(0, 101))
    found = census.counted()
    assert (found.repeated, found.dead) == (0, 1)


def test_what_was_sent_before_the_demo_or_in_another_epoch_does_not_count(census: Census) -> None:
    census.take_rejected(judged(0, 99))
    census.take_rejected(judged(0, 100, epoch=8))
    census.take_dead(judged(5, 100))
    census.take_joined(joined(0, 99))
    assert census.counted() == Counted(read=4)


def test_joined_events_may_come_in_any_order_and_lack_dimensions(census: Census) -> None:
    census.take_joined(joined(0, 104, ["geo"]))
    census.take_joined(joined(0, 100))
    census.take_joined(joined(0, 104, ["geo"]))
    found = census.counted()
    assert (found.joined, found.lacking) == (2, (("geo", 1),))


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b'{"event_id": 3}'])
def test_a_malformed_event_is_sent_all_the_same(census: Census, value: bytes | None) -> None:
    census.take_sent((1, 0), value)
    census.take_joined(value)
    assert census.counted() == Counted(sent=1, read=2)


def test_a_reject_that_no_job_wrote_is_an_error(census: Census) -> None:
    with pytest.raises(ContractError, match="no job wrote"):
        census.take_rejected(b"{}")


def test_ids_are_forgotten_in_their_order() -> None:
    census = Census(EPOCH, {0: 0}, "visit-")
    for offset in range(REMEMBERED + 1):
        census.take_sent((0, offset), event(str(offset)))
    census.take_sent((0, REMEMBERED + 1), event("1"))
    census.take_sent((0, REMEMBERED + 2), event("0"))
    assert census.counted().repeated == 1


def collected(event_id: str) -> bytes:
    return json.dumps({"event_id": event_id, "received_at": 5}).encode()


def test_what_came_through_the_collector_is_told_apart_and_visits_by_their_number(census: Census) -> None:
    for offset, value in enumerate([event("visit-7"), *map(collected, ("visit-0", "visit-2", "page", "visit-2"))]):
        census.take_sent((0, 100 + offset), value)
    census.take_sent((1, 0), collected("visit-1"))
    found = census.counted()
    assert (found.sent, found.collected, found.copied, found.posted) == (6, 5, 1, 3)
