import json

import numpy as np
import pytest

from clickstream.dimensions.micro_batch import MICRO_BATCH_BYTES, Lines, MicroBatch, positioned
from clickstream.events.action import Action
from clickstream.events.model import Event
from clickstream.recent_ids import hashes_of


def events(count: int, title: str = "") -> list[Event]:
    return [
        Event(
            event_id=f"e{number}",
            tenant_id="t",
            scenario_id="s",
            user_id="u",
            action_type=Action.CUSTOM,
            timestamp=number,
            received_at=count - number,
            title=title or None,
        )
        for number in range(count)
    ]


def cut(given: list[Event], at_once: int = 500) -> list[MicroBatch]:
    collected = Lines(4_294_967_295, 65_535)
    for begin in range(0, len(given), at_once):
        part = given[begin : begin + at_once]
        collected.add(part, range(begin, begin + len(part)), [3] * len(part))
    batches = [MicroBatch.unpack(batch.pack()) for batch in collected.micro_batches()]
    lines = [positioned(event, 4_294_967_295, 65_535, number) for number, event in enumerate(given)]
    assert [line for batch in batches for line in batch.lines] == lines
    ids = [each for batch in batches for each in batch.hashes.tolist()]
    assert ids == hashes_of([event.event_id for event in given]).tolist()
    assert [time for batch in batches for time in batch.times.tolist()] == [
        min(len(given) - number, 3) for number in range(len(given))
    ]
    return batches


def test_no_events_no_micro_batch() -> None:
    assert cut([]) == []


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_a_few_events_are_one_micro_batch(at_once: int) -> None:
    (batch,) = cut(events(5), at_once)
    assert batch.hashes.tolist() == hashes_of([f"e{number}" for number in range(5)]).tolist()
    assert batch.times.tolist() == [3, 3, 3, 2, 1], "received when the event says, never later than its record"
    assert json.loads(batch.lines[3])["_offset"] == 3


def test_none_is_larger_than_the_limit_but_for_a_single_event() -> None:
    title = "x" * (MICRO_BATCH_BYTES // 4)
    assert [len(batch.lines) for batch in cut(events(10, title))] == [3, 3, 3, 1]
    assert [len(batch.lines) for batch in cut(events(3, "x" * MICRO_BATCH_BYTES))] == [1, 1, 1]
    for batch in cut(events(40_000)):
        assert sum(map(len, batch.lines)) <= MICRO_BATCH_BYTES


def test_duplicates_are_taken_out_in_place() -> None:
    (batch,) = cut(events(4))
    left = batch.without(np.array([False, True, False, True]))
    assert left.lines == [batch.lines[0], batch.lines[2]]
    assert batch.without(np.zeros(4, dtype=np.bool_)).lines == batch.lines
    assert batch.without(np.ones(4, dtype=np.bool_)).lines == []
