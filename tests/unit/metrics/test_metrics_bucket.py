import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy

import pytest

from clickstream.columns import Lane
from clickstream.config import LiveMetricsSettings
from clickstream.events.action import Action
from clickstream.events.model import Event
from clickstream.metrics.parts import MINUTE_MS
from clickstream.places import Place
from clickstream.redis_keys import encoded
from tests.unit.event_columns import START_MS, event, traffic
from tests.unit.metrics.run import Run

LANES = (Lane(9, 0), Lane(9, 1), Lane(9, 2))
HOUR = 60 * MINUTE_MS
BEGIN = START_MS // MINUTE_MS * MINUTE_MS
FIELDS = ("impressions", "clicks", "views", "likes", "shares", "add_carts", "conversions")


def _counted(events: Iterable[Event]) -> dict[str, int]:
    found = list(events)
    actions = Counter(each.action_type for each in found)
    counts = {field: actions[action] for field, action in zip(FIELDS, list(Action)[:7], strict=True)}
    return {
        **counts,
        "active_users": len({each.user_id for each in found}),
        "active_items": len({each.item_id for each in found if each.item_id}),
    }


def _lanes(events: list[Event], seed: int = 4) -> dict[Lane, list[Event]]:
    """Each lane about in the order of event time, some events late."""
    source = random.Random(seed)
    found: defaultdict[Lane, list[tuple[int, Event]]] = defaultdict(list)
    for each in events:
        delay = source.randrange(30_000) if source.random() < 0.9 else source.randrange(20 * MINUTE_MS)
        found[LANES[int(each.user_id[2:]) % 3]].append((each.timestamp + delay, each))
    return {lane: [each for _, each in sorted(pairs, key=lambda pair: pair[0])] for lane, pairs in found.items()}


def _late(lane: list[Event], lateness_ms: int) -> set[str]:
    reached, late = -1, set()
    for each in lane:
        if (each.timestamp // MINUTE_MS + 1) * MINUTE_MS + lateness_ms <= reached:
            late.add(each.event_id)
        reached = max(reached, each.timestamp)
    return late


def _by_minute(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: defaultdict[str, list[Event]] = defaultdict(list)
    for each in events:
        minute = each.timestamp // MINUTE_MS * MINUTE_MS
        found[f"{encoded(each.tenant_id)}:{encoded(each.scenario_id)}:{minute}"].append(each)
    return found


def _interleaved(run: Run, lanes: dict[Lane, list[Event]], seed: int, restarts: bool) -> int:
    """Send all lanes in random portions; the clock when it is done."""
    source = random.Random(seed)
    done = dict.fromkeys(lanes, 0)
    now = BEGIN
    while any(done[lane] < len(events) for lane, events in lanes.items()):
        lane = source.choice([lane for lane, events in lanes.items() if done[lane] < len(events)])
        portion = lanes[lane][done[lane] : done[lane] + source.choice([1, 20, 60])]
        run.add(lane, done[lane], portion, now)
        done[lane] += len(portion)
        now += source.randrange(300)
        if source.random() < 0.5:
            run.tick(now)
        if source.random() < 0.2:
            run.fold(source.choice(list(run.buckets)))
        if restarts and source.random() < 0.1:
            run.restart(now)
    return now


@pytest.mark.parametrize("seed", range(6))
def test_final_records_depend_on_the_lanes_alone_and_corrections_complete_them(seed: int) -> None:
    settings = LiveMetricsSettings(lateness_seconds=60, idle_seconds=600)
    events = traffic(2500, span_ms=HOUR)
    lanes = _lanes(events)
    late = set[str]().union(*(_late(lane, 60_000) for lane in lanes.values()))
    assert len(late) > 50
    run = Run(settings, LANES)
    now = _interleaved(run, lanes, seed, restarts=True)
    for second in range(0, 700, 5):  # until every lane is idle
        run.tick(now + second * 1000)
    run.tick(BEGIN + 2 * HOUR)
    run.tick(BEGIN + 2 * HOUR + MINUTE_MS)

    on_time = _by_minute(each for each in events if each.event_id not in late)
    everything = _by_minute(events)
    finals = run.finals()
    assert finals.keys() == on_time.keys()
    for key, record in finals.items():
        assert {name: record[name] for name in _counted([])} == _counted(on_time[key]), key
        assert record["revision"] == 1
    for key, record in run.last().items():
        assert {name: record[name] for name in _counted([])} == _counted(everything[key]), key
        assert record["correction"] == (record["revision"] > 1) == (len(everything[key]) > len(on_time.get(key, [])))


def test_ratios_are_from_0_to_1() -> None:
    run = Run(LiveMetricsSettings(), LANES)
    actions = [Action.IMPRESSION, *[Action.CLICK] * 3, Action.ORDER]
    run.add(LANES[0], 0, [event(number, action_type=action) for number, action in enumerate(actions)], START_MS)
    (write,) = run.tick(START_MS)
    assert (write.figures.ctr, write.figures.conversion_rate) == (1.0, 0.333333)


@pytest.mark.parametrize("restarts", [False, True])
def test_the_window_holds_what_happened_in_it_whatever_is_late(restarts: bool) -> None:
    settings = LiveMetricsSettings(window_minutes=10)
    events = traffic(3000, span_ms=HOUR)
    run = Run(settings, LANES)
    _interleaved(run, _lanes(events), 1, restarts)
    for minute in range(58, 75, 3):
        now = BEGIN + minute * MINUTE_MS + 17_000
        if restarts:
            run.restart(now)
        run.tick(now)
        first = now // MINUTE_MS * MINUTE_MS - 9 * MINUTE_MS
        for place, write in run.redis.items():
            shown = [
                each
                for each in events
                if (each.tenant_id, each.scenario_id) == place and first <= each.timestamp < first + 10 * MINUTE_MS
            ]
            assert {name: getattr(write.figures, name) for name in _counted([])} == _counted(shown)
            assert (write.window_start, write.window_end) == (first, first + 10 * MINUTE_MS)
            assert write.updated_at == now


def test_an_idle_tenants_metrics_roll_to_zero_and_then_its_state_is_gone() -> None:
    run = Run(LiveMetricsSettings(window_minutes=5, keep_seconds=60), LANES)
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN)], BEGIN)
    (bucket,) = [bucket for bucket in run.buckets.values() if bucket.next_due_ms(BEGIN) is not None]
    now, writes = BEGIN, 0
    while (due := bucket.next_due_ms(now)) is not None and now < BEGIN + HOUR:
        now = max(due, now + 1)
        writes += len(run.tick(now))
    assert now < BEGIN + 10 * MINUTE_MS
    assert run.redis[Place("t", "s")].figures.clicks == 0
    assert writes < 20
    run.fold(Place("t", "s").bucket)
    assert run.entries[Place("t", "s").bucket].keys() <= {"lanes", "furthest"}


def test_a_change_is_written_after_half_a_second_and_everything_each_minute() -> None:
    run = Run(LiveMetricsSettings(), LANES)
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN), event(2, scenario_id="other", timestamp=BEGIN)], BEGIN)
    assert len(run.tick(BEGIN)) == 2
    run.add(LANES[0], 2, [event(3, timestamp=BEGIN)], BEGIN + 100)
    assert run.tick(BEGIN + 400) == []
    assert len(run.tick(BEGIN + 500)) == 1
    assert len(run.tick(BEGIN + MINUTE_MS)) == 2


def _far(lane: Lane, minutes: int) -> tuple[Lane, int, list[Event]]:
    return lane, minutes, [event(10_000 + minutes, timestamp=BEGIN + minutes * MINUTE_MS)]


@pytest.mark.parametrize(("reached_ms", "on_time"), [(2 * MINUTE_MS - 1, 2), (2 * MINUTE_MS, 1)])
def test_an_event_is_late_from_the_very_time_on_at_which_its_minute_may_be_closed(
    reached_ms: int, on_time: int
) -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=60), LANES[:1])
    times = (0, reached_ms, 0, 5 * MINUTE_MS)  # of one micro-batch: the minute is still open when it comes
    run.add(LANES[0], 0, [event(number, timestamp=BEGIN + time) for number, time in enumerate(times)], BEGIN)
    run.tick(BEGIN)
    assert run.finals()[f"t:s:{BEGIN}"]["clicks"] == on_time


def test_a_minute_waits_for_every_partition_until_it_is_idle() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0, idle_seconds=60), LANES)
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN)], BEGIN)
    now = BEGIN
    for second in range(0, 58, 4):
        now = BEGIN + second * 1000
        run.add(*_far(LANES[0], 10 + second), now)
        run.add(*_far(LANES[1], 10 + second), now)
        run.tick(now)
    assert run.closed == [], "the third partition has said nothing yet"
    for second in range(58, 70, 4):
        now = BEGIN + second * 1000
        run.add(*_far(LANES[0], 10 + second), now)
        run.add(*_far(LANES[1], 10 + second), now)
        run.tick(now)
    assert run.closed[0][1]["minute"] == BEGIN
    run.add(LANES[2], 0, [event(2, timestamp=BEGIN)], now)
    run.add(*_far(LANES[0], 200), now)
    run.add(*_far(LANES[1], 200), now)
    run.add(*_far(LANES[2], 200), now)
    run.tick(now + 1)
    assert [
        (each["revision"], each["correction"], each["clicks"]) for _, each in run.closed if each["minute"] == BEGIN
    ] == [
        (1, False, 1),
        (3, True, 2),
    ]


def test_a_long_pause_of_the_job_is_not_taken_for_silence() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0, idle_seconds=60), LANES)
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN)], BEGIN)
    run.add(*_far(LANES[0], 10), BEGIN)
    run.add(*_far(LANES[1], 10), BEGIN)
    run.tick(BEGIN + HOUR)
    run.restart(BEGIN + 2 * HOUR)
    run.tick(BEGIN + 3 * HOUR)
    assert run.closed == []


def test_an_event_of_a_minute_that_is_forgotten_is_counted_as_such() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0, keep_seconds=600, window_minutes=1), LANES[:1])
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN)], BEGIN)
    run.add(*_far(LANES[0], 30), BEGIN + HOUR)
    run.tick(BEGIN + HOUR)
    run.add(LANES[0], 40, [event(3, timestamp=BEGIN), event(4, timestamp=BEGIN + 25 * MINUTE_MS)], BEGIN + HOUR)
    run.add(*_far(LANES[0], 50), BEGIN + HOUR)
    run.tick(BEGIN + HOUR + 1)
    assert run.too_late == 1
    run.add(*_far(LANES[0], 52), BEGIN + HOUR)
    run.tick(BEGIN + HOUR + 2)
    minutes = [(each["minute"] - BEGIN) // MINUTE_MS for _, each in run.closed]
    assert minutes.count(0) == 1
    assert run.last()[f"t:s:{BEGIN + 25 * MINUTE_MS}"]["correction"]


def test_a_partition_that_was_silent_makes_no_second_final_record_of_a_forgotten_minute() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0, idle_seconds=60), LANES[:2])
    now = BEGIN
    for minute in range(120):
        now = BEGIN + minute * MINUTE_MS
        run.add(LANES[0], minute, [event(minute, timestamp=now)], now)
        run.tick(now)
    before = len(run.closed)
    # As of a device that was offline; then, after a restart, of another one.
    for offset in range(2):
        run.add(LANES[1], offset, [event(offset, timestamp=BEGIN + 20 * MINUTE_MS)], now)
        run.tick(now)
        run.restart(now)
    for minute in range(120, 125):
        now = BEGIN + minute * MINUTE_MS
        run.add(LANES[0], minute, [event(minute, timestamp=now)], now)
        run.tick(now)
    assert len(run.finals()) >= before > 100, "each minute once"
    assert run.too_late >= 2, "counted, again after each restart"


def test_an_event_that_is_too_late_is_counted_where_nothing_else_is_kept() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0), LANES[:1])
    run.add(*_far(LANES[0], 600), BEGIN)
    now = BEGIN
    while (
        any((due := bucket.next_due_ms(now)) is not None for bucket in run.buckets.values()) and now < BEGIN + 9 * HOUR
    ):
        now += MINUTE_MS
        run.tick(now)
    run.add(LANES[0], 601, [event(1, timestamp=BEGIN, scenario_id="other")], now)
    other = run.buckets[Place("t", "other").bucket]
    due = other.next_due_ms(now)
    assert due is not None
    run.tick(due)
    assert run.too_late == 1


def test_the_highest_revision_is_right_also_when_a_restart_merges_what_was_sent_before() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0, idle_seconds=60), LANES[:1])
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN)], BEGIN)
    run.add(LANES[0], 2, [event(2, timestamp=BEGIN + 5 * MINUTE_MS)], BEGIN)
    run.tick(BEGIN)
    run.fold(Place("t", "s").bucket)
    stored = {number: dict(entries) for number, entries in run.entries.items()}

    def late(offset: int, count: int, minute: int) -> None:
        run.add(LANES[0], offset, [event(offset * 100 + each, timestamp=BEGIN) for each in range(count)], BEGIN)
        run.add(LANES[0], offset + 50, [event(offset, timestamp=BEGIN + minute * MINUTE_MS)], BEGIN)

    late(100, 2, 7)
    run.tick(BEGIN + 1)
    late(200, 1, 9)
    run.tick(BEGIN + 2)
    run.parts.clear()
    run.entries.update(stored)
    run.filters = {}
    run.restart(BEGIN)
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN + 5 * MINUTE_MS)], BEGIN)  # where the filter stood
    late(100, 2, 6)
    late(200, 1, 9)
    run.tick(BEGIN + 3)
    revisions = {(each["revision"], each["clicks"]) for _, each in run.closed if each["minute"] == BEGIN}
    assert revisions == {(1, 1), (4, 3), (5, 4)}


def test_the_highest_revision_holds_every_event_although_a_restart_counts_some_as_on_time_that_were_late() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0, idle_seconds=60), LANES[:2])
    run.add(LANES[0], 0, [event(1, timestamp=BEGIN)], BEGIN)
    parts, filters = deepcopy(run.parts), deepcopy(run.filters)
    late = [event(number, timestamp=BEGIN) for number in (2, 3)]
    now = BEGIN
    for second in range(0, 70, 4):  # the other partition is silent until the minute is closed without it
        now = BEGIN + second * 1000
        run.add(*_far(LANES[0], 10 + second), now)
        run.tick(now)
    run.add(LANES[1], 0, late, now)
    for lane in LANES[:2]:
        run.add(*_far(lane, 100), now)
    run.tick(now + 1)

    run.parts, run.filters = parts, filters  # killed before its next checkpoint
    run.entries.clear()
    run.restart(now)
    run.add(LANES[1], 0, late, now)  # now they come in time
    for lane in LANES[:2]:
        run.add(*_far(lane, 10), now)
    run.tick(now + 2)
    run.add(LANES[1], 11, [event(4, timestamp=BEGIN)], now)
    for lane in LANES[:2]:
        run.add(*_far(lane, 20), now)
    run.tick(now + 3)
    sent = [(each["revision"], each["clicks"]) for _, each in run.closed if each["minute"] == BEGIN]
    assert [clicks for _, clicks in sent] == [1, 3, 3, 4]
    assert max(sent) == (5, 4)


def test_corrections_follow_once_a_minute_of_event_time_at_the_most_and_each_holds_all_so_far() -> None:
    run = Run(LiveMetricsSettings(lateness_seconds=0, idle_seconds=60), LANES[:1])
    run.add(LANES[0], 0, [event(0, timestamp=BEGIN)], BEGIN)
    offset = 1
    for minute in (5, 6):
        run.add(LANES[0], offset, [event(offset, timestamp=BEGIN + minute * MINUTE_MS)], BEGIN)
        run.tick(BEGIN + minute)
        for second in range(1, 4):  # late ones, each flushed by itself, while the lane stays in that minute
            late = event(offset + second, timestamp=BEGIN)
            run.add(LANES[0], offset + second, [late], BEGIN)
            run.tick(BEGIN + minute * 10 + second)
        offset += 10
    run.add(LANES[0], offset, [event(offset, timestamp=BEGIN + 7 * MINUTE_MS)], BEGIN)
    run.tick(BEGIN + 100)
    sent = [(each["revision"], each["clicks"]) for _, each in run.closed if each["minute"] == BEGIN]
    assert sent == [(1, 1), (5, 4), (8, 7)]


@pytest.mark.parametrize("seed", range(4))
def test_final_records_do_not_depend_on_reading_order_where_dwd_has_another_number_of_partitions(seed: int) -> None:
    settings = LiveMetricsSettings(lateness_seconds=60, idle_seconds=600)
    lanes = _lanes(traffic(2000, span_ms=HOUR))
    partitions: defaultdict[int, list[tuple[Lane, int, Event]]] = defaultdict(list)
    for lane, events in lanes.items():
        for offset, each in enumerate(events):
            partitions[int(each.user_id[2:]) % 2].append((lane, offset, each))
    for each_partition in partitions.values():
        each_partition.sort(key=lambda found: found[1])  # the lanes mixed, each in its order
    late = {
        event_id
        for found in partitions.values()
        for lane in LANES
        for event_id in _late([each for of, _, each in found if of == lane], 60_000)
    }
    source = random.Random(seed)
    run = Run(settings, LANES, partitions=2)
    now = BEGIN
    done = dict.fromkeys(partitions, 0)
    while any(done[number] < len(found) for number, found in partitions.items()):
        number = source.choices([0, 1], weights=[seed, 3 - seed])[0]  # one may be read to its end before the other
        if done[number] == len(partitions[number]):
            number = 1 - number
        portion = partitions[number][done[number] :][: source.choice([20, 60])]
        done[number] += len(portion)
        run.read(number, [(lane, offset) for lane, offset, _ in portion], [each for *_, each in portion], now)
        now += source.randrange(300)
        run.tick(now)
        if source.random() < 0.1:
            run.restart(now)
    assert len(run.finals()) > 100, "while events still came, not only when all was read"
    for second in range(0, 700, 5):
        run.tick(now + second * 1000)
    run.tick(BEGIN + 2 * HOUR)
    on_time = _by_minute(each for found in partitions.values() for *_, each in found if each.event_id not in late)
    assert {key: {name: record[name] for name in _counted([])} for key, record in run.finals().items()} == {
        key: _counted(events) for key, events in on_time.items()
    }
