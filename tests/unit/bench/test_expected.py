"""The reference of `make bench-jobs` against the generator's own answers, and against events worked out by hand."""

import math

import msgspec
import pytest

from bench.jobs.expected import RECENT, WEIGHTS, expected
from clickstream.generator.model import TrafficModel
from clickstream.generator.report import report
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate

MINUTE_MS = 60_000


def event(number: int, action: str, item: str | None, timestamp: int, user: str = "u") -> bytes:
    fields = {
        "event_id": f"e{number}",
        "tenant_id": "t",
        "scenario_id": "s",
        "user_id": user,
        "action_type": action,
        "timestamp": timestamp,
    }
    return msgspec.json.encode({**fields, **({"item_id": item} if item else {})})


def test_agrees_with_the_generators_answers() -> None:
    model = TrafficModel(events=4_000, users=200, items=100, duplicates=0, malformed=0, late=0)
    tally, values = Tally(model), []
    for chunk in generate(model):
        tally.add(chunk)
        values += chunk.values
    answers, found = report(tally), expected(values)

    assert found.events == answers.valid
    assert len(answers.places) == len(found.places)
    for place in answers.places:
        counted = found.places[place.tenant_id, place.scenario_id]
        assert counted.actions == {action: place.actions.get(action, 0) for action in WEIGHTS}
        assert (len(counted.users), len(counted.items)) == (place.unique_users, place.unique_items)
        scores = found.scores[place.tenant_id, place.scenario_id]
        assert {item.item_id: scores[item.item_id] for item in place.hot_items} == pytest.approx(
            {item.item_id: item.score for item in place.hot_items}, rel=1e-12
        )


def test_minutes_are_those_of_event_time() -> None:
    values = [
        event(1, "click", "a", MINUTE_MS - 1),
        event(2, "click", "a", MINUTE_MS),
        event(3, "custom", None, MINUTE_MS),
    ]

    found = expected(values)

    clicks = {minute: counted.actions["click"] for (_, minute), counted in found.minutes.items()}
    assert clicks == {0: 1, 1: 1}
    assert found.minutes[("t", "s"), 1].items == {"a"}


def test_a_score_is_the_logarithm_of_a_decayed_sum() -> None:
    hour = 3_600_000

    found = expected([event(1, "order", "a", 10 * hour), event(2, "order", "a", 11 * hour)])

    assert found.scores["t", "s"]["a"] == pytest.approx(math.log2(10 * 2**10 + 10 * 2**11), rel=1e-12)


def test_recent_items_are_the_newest_and_each_stands_once() -> None:
    many = [event(number, "view", f"i{number:02}", number) for number in range(60)]
    values = [
        *many,
        event(100, "click", "i05", 1000),
        event(101, "click", "i04", 1000),
        event(102, "impression", "x", 9999),
    ]

    found = expected(values).recent["t", "u"]

    assert found[:3] == ["i04", "i05", "i59"]
    assert len(found) == len(set(found)) == RECENT
