import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest

from clickstream.config.hot import WEIGHTS, HotScenario, HotSettings
from clickstream.errors import ContractError
from clickstream.events.action import Action
from clickstream.events.model import Event
from clickstream.places import Place
from clickstream.scoring.bucket import HotBucket, HotWrite
from clickstream.scoring.parts import Sums, encode_parts, parts_of
from clickstream.scoring.rule import RuleBook
from tests.unit.event_columns import START_MS, columns, event, traffic

HOUR = 3_600_000
WEEK = 7 * 24 * HOUR
Scores = dict[Place, dict[str, float]]
# What a score, which is a logarithm, may be off: the sum that it stands for is then off by 1e-9 of its value.
OFF = math.log2(1 + 1e-9)


def _reference(events: Iterable[Event], half_life_ms: float = HOUR) -> Scores:
    """A plain sum in float64, relative to a landmark."""
    sums: defaultdict[Place, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for each in events:
        if each.item_id and (weight := WEIGHTS.get(each.action_type, 0)):
            gain = weight * 2.0 ** ((each.timestamp - START_MS) / half_life_ms)
            sums[Place(each.tenant_id, each.scenario_id)][each.item_id] += gain
    landmark = START_MS / half_life_ms
    return {place: {item: math.log2(value) + landmark for item, value in of.items()} for place, of in sums.items()}


class _Run:
    """Buckets, their stored state, and a Redis that takes what they write."""

    def __init__(self, settings: HotSettings) -> None:
        self.settings = settings
        self.buckets: dict[int, HotBucket] = {}
        self.entries: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
        self.parts: defaultdict[int, list[bytes]] = defaultdict(list)
        self.redis: Scores = {}

    def add(self, events: Sequence[Event], now_ms: int = START_MS) -> None:
        for number, parts in parts_of(columns(events), RuleBook(self.settings)).items():
            data = encode_parts(parts)
            self.bucket(number).apply(data, now_ms)
            self.parts[number].append(data)

    def bucket(self, number: int) -> HotBucket:
        return self.buckets.setdefault(number, HotBucket(self.settings, WEEK))

    def fold(self) -> None:
        for number, bucket in self.buckets.items():
            for name, entry in bucket.changed_entries():
                if entry is None:
                    self.entries[number].pop(name, None)
                else:
                    self.entries[number][name] = entry
        self.parts.clear()

    def restart(self, now_ms: int = START_MS) -> None:
        self.buckets = {}
        for number in self.entries.keys() | self.parts.keys():
            bucket = self.bucket(number)
            for name, entry in self.entries[number].items():
                bucket.load(name, entry)
            for part in self.parts[number]:
                bucket.apply(part, now_ms)
            bucket.restored(now_ms)

    def flush(self, now_ms: int = START_MS) -> list[HotWrite]:
        writes = [write for bucket in self.buckets.values() for write in bucket.due(now_ms).writes]
        for write in writes:
            held = {} if write.whole else self.redis.get(write.place, {})
            merged = {**held, **write.scores}
            best = sorted(merged, key=lambda item: merged[item], reverse=True)[: write.rule.top]
            self.redis[write.place] = {item: merged[item] for item in best}
        return writes


def _assert_equal(found: Scores, expected: Scores) -> None:
    assert found.keys() == expected.keys()
    for place, scores in expected.items():
        assert found[place] == pytest.approx(scores, rel=0, abs=OFF), place
        order = sorted(scores, key=lambda item: scores[item])
        for lower, higher in zip(order, order[1:], strict=False):
            if scores[higher] - scores[lower] > OFF:
                assert found[place][lower] < found[place][higher]


@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_a_plain_sum_however_the_events_come(seed: int) -> None:
    events = traffic(3000)
    source = random.Random(seed)
    shuffled = source.sample(events, len(events))
    run = _Run(HotSettings())
    now = START_MS
    while shuffled:
        count = source.choice([1, 7, 300])
        run.add(shuffled[:count], now)
        del shuffled[:count]
        now += source.randrange(400)
        run.flush(now)
        if source.random() < 0.2:
            run.fold()
        if source.random() < 0.1:
            run.restart(now)
    run.flush(now + 60_000)
    _assert_equal(run.redis, _reference(events))


@pytest.mark.parametrize("stored", [False, True])
def test_what_is_rounded_at_each_merge_does_not_add_up(stored: bool) -> None:
    source = random.Random(4)
    place, bucket = Place("t", "s"), HotBucket(HotSettings(), WEEK)
    steps = sorted(source.uniform(0, 1) for _ in range(20_000))  # of an hour, which is the half-life
    if stored:  # by a version whose scores had no base
        first = np.array([START_MS / HOUR])
        entry = [place, float(HOUR), START_MS, ["i"], first.tobytes()]
        bucket.load(f"place:{place.name}", msgspec.msgpack.encode(entry))
        bucket.restored(START_MS)
    for step in steps:
        added = np.array([START_MS / HOUR + step])
        bucket.apply(encode_parts([Sums(place, START_MS, ["i"], added.tobytes())]), START_MS)
    (write,) = bucket.due(START_MS).writes
    expected = math.log2(math.fsum(2.0**step for step in steps) + stored) + START_MS / HOUR
    assert write.scores["i"] == pytest.approx(expected, rel=0, abs=OFF / 4)


def test_scores_stay_exact_over_years_and_through_restarts() -> None:
    place, run = Place("a", "home"), _Run(HotSettings(floor=1e-300))
    events = [
        event(number, tenant_id="a", scenario_id="home", item_id=f"i-{number % 3}", timestamp=START_MS + number * HOUR)
        for number in range(0, 20_000, 37)
    ]
    for number, each in enumerate(events):
        run.add([each])
        if number % 50 == 0:
            run.fold()
            run.restart()
    run.flush(START_MS + 60_000)
    expected = {}
    for item in ("i-0", "i-1", "i-2"):
        hours = [each.timestamp / HOUR for each in events if each.item_id == item]
        expected[item] = math.log2(math.fsum(2.0 ** (hour - hours[-1]) for hour in hours)) + hours[-1]
    assert run.redis[place] == pytest.approx(expected, rel=0, abs=OFF)


def test_places_with_ids_that_look_alike_stay_apart() -> None:
    run = _Run(HotSettings())
    run.add([event(1, tenant_id="a", scenario_id="b:c"), event(2, tenant_id="a:b", scenario_id="c")])
    run.flush()
    assert len(run.redis) == 2


def test_only_what_changed_is_written_and_everything_once_a_minute() -> None:
    run = _Run(HotSettings())
    run.add(traffic(500))
    assert all(write.whole for write in run.flush(START_MS + 1))
    assert run.flush(START_MS + 1000) == []
    run.add([event(1, tenant_id="a", scenario_id="home", item_id="i-3")], START_MS + 1100)
    (write,) = run.flush(START_MS + 1200)
    assert (write.whole, list(write.scores)) == (False, ["i-3"])
    run.add([event(2, tenant_id="a", scenario_id="home")], START_MS + 1300)
    assert run.flush(START_MS + 1699) == [], "less than 500 ms after the last write"
    assert len(run.flush(START_MS + 1700)) == 1
    assert {write.place for write in run.flush(START_MS + 60_001)} == run.redis.keys()


def test_after_a_restart_everything_is_written_again() -> None:
    run = _Run(HotSettings())
    run.add(traffic(500))
    run.flush(START_MS + 1)
    expected, run.redis = run.redis, {}
    run.restart(START_MS + 2)
    assert all(write.whole for write in run.flush(START_MS + 3))
    assert run.redis == expected


def test_the_top_n_alone_is_published_and_nothing_is_forgotten_below_it() -> None:
    run = _Run(HotSettings(top=5))
    for begin in range(0, 2000, 100):
        run.add(traffic(2000)[begin : begin + 100], START_MS + begin)
        run.flush(START_MS + 10 * begin)
    run.flush(START_MS + 60_000)
    for place, scores in _reference(traffic(2000)).items():
        best = sorted(scores, key=lambda item: scores[item], reverse=True)[:5]
        assert run.redis[place] == pytest.approx({item: scores[item] for item in best}, rel=1e-13)


def test_items_that_decayed_below_the_floor_leave_state_and_redis() -> None:
    run = _Run(HotSettings(floor=0.01))
    run.add([event(0, item_id="old"), event(0, item_id="new", timestamp=START_MS + 6 * HOUR)])
    run.flush(START_MS + 1)
    assert run.redis[Place("t", "s")].keys() == {"old", "new"}
    run.add([event(1, item_id="new", timestamp=START_MS + 7 * HOUR)], START_MS + 2)
    run.flush(START_MS + 60_002)
    assert run.redis[Place("t", "s")].keys() == {"new"}, "a click of 7 hours ago is worth 0.0078"
    run.fold()
    run.restart()
    run.flush()
    assert run.redis[Place("t", "s")].keys() == {"new"}


def test_an_idle_place_decays_by_the_clock_until_nothing_is_left_of_it() -> None:
    run = _Run(HotSettings(floor=0.01))
    run.add([event(0)])
    run.flush(START_MS + 1)
    run.fold()
    (bucket,) = run.buckets.values()
    (write,) = run.flush(START_MS + 8 * HOUR)
    assert (write.whole, write.scores) == (True, {})
    assert bucket.next_due_ms(START_MS) is None
    run.fold()
    assert run.entries == {Place("t", "s").bucket: {}}


def test_an_old_backlog_is_not_judged_by_the_clock_of_today() -> None:
    run = _Run(HotSettings(floor=0.01))
    run.add([event(0)], START_MS + 1000 * HOUR)
    run.flush(START_MS + 1000 * HOUR)
    assert run.redis[Place("t", "s")]


def test_scenarios_have_rules_of_their_own() -> None:
    settings = HotSettings(
        scenarios={
            "s": HotScenario(half_life_seconds=60, top=1),
            "t:s": HotScenario(weights={"click": 4.0}),
        }
    )
    rule = RuleBook(settings).rule(Place("t", "s"))
    assert (rule.half_life_ms, rule.top, rule.weights["click"], rule.weights["view"]) == (60_000, 1, 4, 2)  # type: ignore[index]
    run = _Run(settings)
    run.add([event(0)])
    run.flush()
    assert run.redis[Place("t", "s")] == {"i-0": pytest.approx(2 + START_MS / 60_000, rel=1e-15)}


def test_a_scenario_is_flushed_at_its_own_interval() -> None:
    run = _Run(HotSettings(scenarios={"slow": HotScenario(flush_seconds=5)}))
    both = ("slow", "s")
    run.add([event(number, scenario_id=name) for number, name in enumerate(both)])
    run.flush(START_MS)
    run.add([event(number + 2, scenario_id=name) for number, name in enumerate(both)], START_MS + 100)
    assert {write.place.scenario_id for write in run.flush(START_MS + 4_999)} == {"s"}
    assert {write.place.scenario_id for write in run.flush(START_MS + 5_000)} == {"slow"}


def test_a_cap_holds_in_its_scenario_alone() -> None:
    run = _Run(HotSettings(scenarios={"capped": HotScenario(cap=True)}))
    twice = [{"scenario_id": name, "user_id": "u", "item_id": "i"} for name in ("capped", "s") for _ in range(2)]
    run.add([event(0, event_id=f"e-{number}", **fields) for number, fields in enumerate(twice)])
    run.flush()
    begun = START_MS // HOUR * HOUR
    capped, free = (run.redis[Place("t", name)]["i"] for name in ("capped", "s"))
    once = math.log2(WEIGHTS[Action.CLICK])
    assert capped == pytest.approx(once + begun / HOUR, rel=1e-15)
    assert free == pytest.approx(once + 1 + START_MS / HOUR, rel=1e-15)


def test_what_did_not_reach_the_top_is_not_written() -> None:
    run = _Run(HotSettings(top=2))
    run.add([event(number, item_id=f"i-{number}", timestamp=START_MS + number * HOUR) for number in range(4)])
    run.flush()
    run.add([event(9, item_id="i-0"), event(10, item_id="i-3")], START_MS + 1000)
    (write,) = run.flush(START_MS + 2000)
    assert (write.whole, list(write.scores)) == (False, ["i-3"])


def test_redis_is_told_of_nothing_by_what_a_cap_holds_back() -> None:
    settings = HotSettings(cap=True)
    bucket = HotBucket(settings, WEEK)
    for number, told in ((1, True), (2, False)):
        ((_, parts),) = parts_of(columns([event(0, event_id=f"e-{number}")]), RuleBook(settings)).items()
        assert bucket.apply(encode_parts(parts), START_MS) is told
        bucket.due(START_MS + number * 1000)


@pytest.mark.parametrize("name", ["a:b:c", ":home", "a:", ""])
def test_a_scenario_that_no_place_is_called_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="CLICKSTREAM_HOT_SCENARIOS names"):
        HotSettings.model_validate({"scenarios": {name: {"top": 5}}})


def test_a_weight_of_nothing_counts_nothing() -> None:
    run = _Run(HotSettings(weights={"click": 0}))
    run.add([event(0)])
    assert run.flush() == []


@pytest.mark.parametrize("seed", range(3))
def test_with_a_cap_each_user_item_and_action_counts_once_per_half_life_at_its_beginning(seed: int) -> None:
    events = traffic(2000)
    first: dict[tuple[object, ...], Event] = {}
    for each in events:
        if each.item_id:
            window = each.timestamp // HOUR
            key = (each.tenant_id, each.scenario_id, each.user_id, each.item_id, each.action_type, window)
            capped = event(0, **{name: getattr(each, name) for name in ("tenant_id", "scenario_id", "item_id")})
            capped.action_type, capped.timestamp = each.action_type, window * HOUR
            first[key] = capped
    source = random.Random(seed)
    run = _Run(HotSettings(cap=True))
    shuffled = source.sample(events + events[:500], len(events) + 500)
    for begin in range(0, len(shuffled), 170):
        run.add(shuffled[begin : begin + 170])
        if source.random() < 0.4:
            run.fold()
        if source.random() < 0.3:
            run.restart()
    run.flush()
    _assert_equal(run.redis, _reference(first.values()))
    assert len(first) < 2000


def test_what_a_cap_remembers_is_forgotten_when_no_event_can_be_so_old() -> None:
    run = _Run(HotSettings(cap=True))
    run.add([event(0)])
    run.flush(START_MS)
    run.fold()
    assert sum(name.startswith("cap:") for name in run.entries[Place("t", "s").bucket]) == 1
    run.add([event(1, timestamp=START_MS + WEEK + 2 * HOUR)])
    run.flush(START_MS + 60_000)
    run.fold()
    assert sum(name.startswith("cap:") for name in run.entries[Place("t", "s").bucket]) == 1


def _remembered(run: _Run) -> set[int]:
    """The half-lives that the cap of the place remembers in stored state."""
    names = [name.split(":") for name in run.entries[Place("t", "s").bucket]]
    return {int(window) for kind, window, *_ in names if kind == "cap"}


def test_a_cap_forgets_its_earliest_half_lives_first_and_what_it_keeps_still_holds() -> None:
    run = _Run(HotSettings(cap=True))
    first = START_MS // HOUR
    run.add([event(0, timestamp=(first + number) * HOUR) for number in range(4)])
    run.flush(START_MS)
    run.fold()
    assert _remembered(run) == {first, first + 1, first + 2, first + 3}
    newest = WEEK // HOUR + 3
    run.add([event(0, timestamp=(first + newest) * HOUR)])
    run.flush(START_MS + 60_000)
    run.fold()
    assert _remembered(run) == {first + 3, first + newest}, "an event may still be a week old"
    before = dict(run.redis[Place("t", "s")])
    run.restart(START_MS + 60_001)
    run.add([event(0, event_id="again", timestamp=(first + number) * HOUR + 1) for number in (3, newest)])
    run.flush(START_MS + 120_000)
    assert run.redis[Place("t", "s")] == before, "the same user, item and action"


def test_a_half_life_of_a_cap_that_was_stored_is_stored_again_with_what_came_since() -> None:
    run = _Run(HotSettings(cap=True))
    users = [event(0, user_id=f"u-{number}", event_id=f"e-{number}") for number in range(3)]
    for user in users:
        run.add([user])
        run.fold()
    assert len(_remembered(run)) == 1
    for bucket in run.buckets.values():
        assert not list(bucket.changed_entries()), "what did not change is not stored again"
    run.restart()
    run.add([event(0, user_id=user.user_id, event_id=f"{user.event_id} again") for user in users])
    run.flush()
    assert run.redis[Place("t", "s")]["i-0"] == pytest.approx(math.log2(3) + START_MS // HOUR, rel=1e-15)


def test_a_half_life_of_a_cap_may_be_forgotten_before_it_was_stored() -> None:
    run = _Run(HotSettings(cap=True))
    run.add([event(0)])
    run.add([event(1, timestamp=START_MS + WEEK + 2 * HOUR)])
    run.flush(START_MS)
    run.fold()
    assert _remembered(run) == {(START_MS + WEEK) // HOUR + 2}


def test_scores_of_another_half_life_are_refused() -> None:
    run = _Run(HotSettings())
    run.add([event(0)])
    run.fold()
    run.settings = HotSettings(half_life_seconds=60)
    with pytest.raises(ContractError, match=r"half-life of 3600 s, now it is 60 s.*HALF_LIFE_SECONDS"):
        run.restart()
