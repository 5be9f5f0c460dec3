"""What the jobs that write to Redis must have written, held against the generator's answers and a plain reference."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from clickstream.generator.answers import Answers
from clickstream.lookup import Lookup
from tests.kit import redis_expected as expected
from tests.kit.flink import FINAL, Job
from tests.kit.kafka import Record
from tests.kit.waiting import wait_for

Minutes = Mapping[str, Mapping[str, int]]
# What a score, which is a logarithm, may be off: the sum that it stands for is then off by 1e-9 of its value.
OFF = math.log2(1 + 1e-9)


def wait_settled(job: Job, holds: Callable[[], None], seconds: float = 240) -> None:
    """Wait until an assertion holds; the job must not end meanwhile."""

    def held() -> bool:
        assert job.state() not in FINAL, job.exceptions()[-4000:]
        try:
            holds()
        except AssertionError:
            return False
        return True

    try:
        wait_for(held, seconds, "the answers", pause=1)
    except AssertionError:
        holds()
        raise


def assert_hot_items(lookup: Lookup, answers: Answers) -> None:
    """Every score, and the order wherever scores differ by more than rounding does."""
    for place in answers.places:
        found = lookup.hot_items(place.tenant_id, place.scenario_id, 500)
        scores = {item.item_id: item.log_score for item in found}
        wanted = {item.item_id: item.score for item in place.hot_items}
        assert len(found) == min(500, place.unique_items), "each item has a score, and no other is there"
        assert {item: scores.get(item) for item in wanted} == pytest.approx(wanted, rel=0, abs=OFF)
        order = [item.item_id for item in found]
        assert order[: len(wanted)] == sorted(wanted, key=lambda item: -scores[item]), "nothing else is as hot"
        for higher, lower in zip(place.hot_items, place.hot_items[1:], strict=False):
            if higher.score - lower.score > OFF:
                assert order.index(higher.item_id) < order.index(lower.item_id)


def assert_recent_items(lookup: Lookup, wanted: Mapping[tuple[str, str], list[str]]) -> None:
    """The list of every user."""
    assert {user: lookup.recent_items(*user) for user in wanted} == wanted


def assert_windows(lookup: Lookup, answers: Answers) -> None:
    """Every place's counts, where the window holds all events, and its distinct counts within 2 %."""
    for place in answers.places:
        found = lookup.realtime_metrics(place.tenant_id, place.scenario_id)
        assert found is not None
        for name, action in expected.COUNTED.items():
            assert getattr(found, name) == place.actions.get(action.value, 0)
        assert found.active_users == pytest.approx(place.unique_users, rel=0.02)
        assert found.active_items == pytest.approx(place.unique_items, rel=0.02)


def assert_minutes(records: Iterable[Record], everything: Minutes, on_time: Minutes | None = None) -> None:
    """Each closed minute has one final content, its last revision counts every event, corrections are marked as such.

    Args:
        records: of the metrics topic.
        everything: counts by key, late events included.
        on_time: what the final records count; None: late events may be in them or in corrections.
    """
    finals: defaultdict[str, list[bytes]] = defaultdict(list)
    last: dict[str, dict[str, Any]] = {}
    for record in records:
        assert record.key is not None
        assert record.value is not None
        key, body = record.key.decode(), json.loads(record.value)
        if body["correction"]:
            assert body["revision"] > 1
        else:
            finals[key].append(record.value)
        if key not in last or body["revision"] >= last[key]["revision"]:
            last[key] = body
    assert all(len(set(values)) == 1 for values in finals.values()), "one final content for each minute"
    assert _counts(last) == everything
    if on_time is not None:
        assert _counts({key: json.loads(values[0]) for key, values in finals.items()}) == on_time


def _counts(records: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    return {key: {name: record[name] for name in expected.COUNTED} for key, record in records.items()}
