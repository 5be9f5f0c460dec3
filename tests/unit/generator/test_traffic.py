"""What the generated traffic looks like to whoever reads it."""

import re
import uuid
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from clickstream.clock import ManualClock
from clickstream.events.decode import EventDecoder
from clickstream.events.model import Event
from clickstream.events.rejection import Rejection
from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import generate, live

from . import naive
from .conftest import CROWDED, Recount, Sample, collect


@pytest.fixture(scope="module")
def unique(recount: Recount) -> list[tuple[naive.Event, int]]:
    return recount.events


@pytest.fixture(scope="module")
def events(unique: list[tuple[naive.Event, int]]) -> list[naive.Event]:
    return [event for event, _ in unique]


def test_the_platform_accepts_valid_events_and_rejects_each_malformed_one_for_its_reason(crowded: Sample) -> None:
    decoded = EventDecoder(Event).decode_batch(crowded.values, crowded.timestamps)
    rejected = Counter(found.reason.value for found in decoded if isinstance(found, Rejection))
    assert rejected == crowded.answers.rejected
    assert len(decoded) - rejected.total() == crowded.answers.valid + crowded.answers.duplicates


def test_keys_are_the_user_ids(crowded: Sample, recount: Recount) -> None:
    for key, (event, _) in zip(crowded.keys, recount.parsed, strict=True):
        if event is not None:
            assert event["user_id"].encode() == key


def test_duplicates_repeat_key_and_bytes_shortly_after(crowded: Sample, recount: Recount) -> None:
    first: dict[str, tuple[bytes, bytes, int]] = {}
    delays = []
    for key, value, (event, record_ms) in zip(crowded.keys, crowded.values, recount.parsed, strict=True):
        if event is None:
            continue
        if event["event_id"] not in first:
            first[event["event_id"]] = (key, value, record_ms)
            continue
        assert first[event["event_id"]][:2] == (key, value)
        delays.append(record_ms - first[event["event_id"]][2])
    assert len(delays) == crowded.answers.duplicates
    assert 0 <= min(delays) <= max(delays) <= 60_000


def test_shares_are_those_of_the_model(crowded: Sample) -> None:
    model, answers = crowded.model, crowded.answers
    events = answers.sent - answers.duplicates
    assert answers.duplicates / events == pytest.approx(model.duplicates, rel=0.15)
    assert sum(answers.malformed.values()) / events == pytest.approx(model.malformed, rel=0.15)
    assert answers.late / events == pytest.approx(model.late, rel=0.15)


def test_records_are_spread_evenly_over_the_span(crowded: Sample) -> None:
    model, stamps = crowded.model, np.array(crowded.timestamps)
    assert (np.diff(stamps) >= 0).all()
    due = model.start_ms + np.arange(model.events) * model.span_ms / model.events
    # Between the knots of the time warp records may cluster a little: within a hundredth of the span.
    assert np.abs(stamps - due).max() < model.span_ms / 100


def test_no_event_is_ahead_of_its_record_and_some_overtake_others(unique: list[tuple[naive.Event, int]]) -> None:
    times = np.array([event["timestamp"] for event, _ in unique])
    delays = np.array([record_ms for _, record_ms in unique]) - times
    assert delays.min() >= 0
    assert delays.max() > 10 * 60_000
    assert np.median(delays) < 1000
    assert (np.diff(times) < 0).mean() > 0.01


def test_a_step_follows_the_impression_it_came_from(events: list[naive.Event]) -> None:
    shown = {(e["request_id"], e["position"]): e for e in events if e["action_type"] == "impression"}
    steps = [e for e in events if e["action_type"] in naive.RECOMMENDATION[1:]]
    same = ("tenant_id", "scenario_id", "user_id", "item_id", "session_id")
    found = 0
    for step in steps:
        # The impression itself may be missing: malformed, or late beyond the end.
        impression = shown.get((step["request_id"], step["position"]))
        if impression is not None:
            found += 1
            assert all(step[name] == impression[name] for name in same)
            assert step["timestamp"] >= impression["timestamp"]
    assert found > 0.9 * len(steps) > 1000


def test_two_tenants_share_users_and_items_and_others_share_none(events: list[naive.Event]) -> None:
    for field in ("user_id", "item_id"):
        ids = {
            tenant: {e[field] for e in events if e["tenant_id"] == tenant and e.get(field)}
            for tenant in ("aurora", "borealis", "cascade", "delta")
        }
        assert len(ids["aurora"] & ids["borealis"]) > 50
        assert not ids["cascade"] & (ids["aurora"] | ids["delta"])


def test_page_and_context_are_plausible(events: list[naive.Event]) -> None:
    clicks = [e for e in events if e["action_type"] == "click"]
    assert all({"url", "title", "element_id", "x", "y", "viewport_width", "viewport_height"} <= set(e) for e in clicks)
    assert all("watch_duration" in e for e in events if e["action_type"] == "view")
    locations = {e["context"]["location"] for e in events if "context" in e}
    assert len(locations) > 10
    assert all(re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}/.+", location) for location in locations)
    seen = set().union(*(e.get("context", {}) for e in events))
    assert seen == {"device_type", "os", "browser", "location", "ip", "user_agent"}
    assert sum("extra_data" in e for e in events) > 1000


def test_event_ids_are_uuids_of_version_7(events: list[naive.Event]) -> None:
    for event in events[:2000]:
        event_id = uuid.UUID(event["event_id"])
        assert (event_id.version, event_id.variant) == (7, uuid.RFC_4122)
        assert event_id.int >> 80 == event["timestamp"]
        assert str(event_id) == event["event_id"]


def test_an_event_has_the_size_of_a_real_one(crowded: Sample) -> None:
    assert 350 <= np.mean([len(value) for value in crowded.values]) <= 470


def test_popularity_follows_zipf(crowded: Sample) -> None:
    clicks = [item.clicks for item in crowded.answers.place("aurora", "home").top_clicked]
    # By Zipf's law the first of 120 items has about 19 % of the clicks, the tenth a tenth of that.
    assert 5 < clicks[0] / clicks[9] < 20


def test_experiments_have_the_effects_that_the_answers_state() -> None:
    model = TrafficModel(events=600_000, seed=3, tenants=1, users=50_000)
    answers = collect(model, generate(model)).answers
    groups = {(e.scenario_id, e.experiment_group): e for e in answers.experiments}
    for (scenario, _), group in groups.items():
        control = groups[scenario, "control"]
        ctr, baseline = group.clicks / group.impressions, control.clicks / control.impressions
        # Five standard errors of the ratio of two click rates.
        error = 5 * baseline**-1 * (2 * baseline / min(group.impressions, control.impressions)) ** 0.5
        assert ctr / baseline == pytest.approx(group.click_effect, abs=error)
        rate = group.orders / group.actions["add_cart"]
        control_rate = control.orders / control.actions["add_cart"]
        error = 5 * control_rate**-1 * (0.5 / min(group.actions["add_cart"], control.actions["add_cart"])) ** 0.5
        assert rate / control_rate == pytest.approx(group.order_effect, abs=error)
    assert len(groups) == 7


@pytest.mark.parametrize("count", [1, 2, 999])
def test_few_events_are_sent_to_the_number(count: int) -> None:
    sample = collect(replace(CROWDED, events=count), generate(replace(CROWDED, events=count)))
    assert len(sample.values) == sample.answers.sent == count
    assert all(CROWDED.start_ms <= at <= CROWDED.start_ms + CROWDED.span_ms for at in sample.timestamps)


@pytest.mark.parametrize("span_ms", [1, 1000, 300 * 24 * 3_600_000])
def test_any_span_is_filled(span_ms: int) -> None:
    model = TrafficModel(events=24_000, span_ms=span_ms, users=100, items=10, tenants=1)
    sample = collect(model, generate(model))
    stamps = sample.timestamps
    assert model.start_ms <= stamps[0] <= stamps[-1] <= model.start_ms + span_ms
    assert stamps[-1] - stamps[0] >= 0.9 * span_ms - 1
    events, duplicates, _ = naive.unique(sample.parsed)
    assert (sample.answers.valid, sample.answers.duplicates) == (len(events), duplicates)


def test_shares_of_zero_give_clean_traffic() -> None:
    model = TrafficModel(events=5000, duplicates=0, malformed=0, late=0)
    answers = collect(model, generate(model)).answers
    assert (answers.valid, answers.duplicates, answers.late) == (5000, 0, 0)


def test_live_records_carry_the_present_and_catch_up_after_a_pause() -> None:
    clock = ManualClock(now=1_800_000_000.0)
    chunks = live(TrafficModel(users=100), 1000.0, clock)
    last = 0
    for _ in range(20):
        now = clock.now() * 1000
        chunk = next(chunks)
        assert abs(chunk.timestamps[0] - now) <= 1
        assert chunk.timestamps[-1] - chunk.timestamps[0] == pytest.approx(len(chunk), abs=len(chunk) / 20 + 2)
        assert chunk.timestamps[0] >= last
        last = chunk.timestamps[-1]
        # As the pacer would: on until the chunk's end.
        clock.advance(len(chunk) / 1000)
    clock.advance(60)
    assert next(chunks).timestamps[0] == pytest.approx(clock.now() * 1000, abs=1)


def test_model_time_runs_like_real_time() -> None:
    """Else sessions would be stretched or squeezed; the first half is given to the sessions to fill up."""
    model = TrafficModel(events=60_000)
    chunks = list(generate(model))
    session = np.concatenate([chunk.records["session"] for chunk in chunks])
    at = np.concatenate([chunk.event_times for chunk in chunks]) - model.start_ms
    settled = at > model.span_ms / 2
    _, number = np.unique(session[settled], return_inverse=True)
    last = np.zeros(number.max() + 1)
    np.maximum.at(last, number, at[settled])
    first = np.full(number.max() + 1, np.inf)
    np.minimum.at(first, number, at[settled])
    # A third of the sessions have one list and last some seconds; the others have some 45 s between their lists.
    assert 40_000 < (last - first).mean() < 80_000
