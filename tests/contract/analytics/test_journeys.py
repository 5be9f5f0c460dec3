"""Retention, paths, heatmaps and experiments against the events themselves."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from clickstream.events.model import Event
from tests.contract.analytics.service import Client
from tests.contract.analytics.stored import Stored
from tests.contract.analytics.test_numbers import BEGIN, END, EVERYTHING

pytestmark = pytest.mark.net

SHIFTS = (timedelta(), timedelta(minutes=4))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Pacific/Chatham"])
@pytest.mark.parametrize("unit", ["day", "week"])
def test_retention(client: Client, stored: Stored, unit: str, zone: str) -> None:
    active: defaultdict[str, set[date]] = defaultdict(set)
    for event in stored.within("aurora", None, BEGIN, END):
        day = datetime.fromtimestamp(event.timestamp / 1000, ZoneInfo(zone)).date()
        active[event.user_id].add(day if unit == "day" else day - timedelta(days=day.weekday()))
    length = 1 if unit == "day" else 7
    expected = Counter((min(days), (day - min(days)).days // length) for days in active.values() for day in days)
    found = client.get("retention", tenant_id="aurora", unit=unit, time_zone=zone, **EVERYTHING)["cohorts"]
    numbers = {
        (date.fromisoformat(cohort["cohort"]), later): users
        for cohort in found
        for later, users in enumerate(cohort["returned"])
        if users
    }
    assert numbers == expected
    assert sum(cohort["users"] for cohort in found) == len(active)
    assert len(found) >= (4 if unit == "day" else 1)
    assert all(cohort["rates"][0] == 100 for cohort in found if cohort["users"])


def lines(events: list[Event], of: str) -> list[list[str]]:
    """What each session went through, equal neighbours once."""
    sessions: defaultdict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
    for event in events:
        if event.session_id and event.action_type == ("view" if of == "item" else "pageview"):
            node = event.item_id if of == "item" else urlsplit(event.url or "").path
            sessions[event.user_id, event.session_id].append((event.timestamp, event.event_id, node or ""))
    return [[node for node, _ in groupby(at[2] for at in sorted(session) if at[2])] for session in sessions.values()]


@pytest.mark.parametrize("of", ["page", "item"])
@pytest.mark.parametrize("direction", ["from", "to"])
@pytest.mark.parametrize("given", [False, True])
def test_paths(client: Client, stored: Stored, of: str, direction: str, given: bool) -> None:
    walked = lines(stored.within("aurora", None, BEGIN, END), of)
    start = Counter(node for line in walked for node in line).most_common(1)[0][0] if given else ""
    expected: Counter[tuple[int, str, str]] = Counter()
    for line in walked:
        way = line if direction == "from" else line[::-1]
        if not way or (given and start not in way):
            continue
        taken = way[way.index(start) if given else 0 :][:6]
        for step, source in enumerate(taken[:5], start=1):
            expected[step, source, taken[step] if step < len(taken) else ""] += 1
    asked = {"of": of, "direction": direction, "links": 500, **EVERYTHING} | ({"start": start} if given else {})
    found = client.get("paths", tenant_id="aurora", **asked)["links"]
    numbers = {(link["step"], link["source"], link["target"]): link["sessions"] for link in found}
    assert found
    assert all(expected[link] == sessions for link, sessions in numbers.items())
    for step in range(1, 6):
        most = sorted((count for (at, _, _), count in expected.items() if at == step), reverse=True)[:500]
        assert [link["sessions"] for link in found if link["step"] == step] == most


def width_class(width: int | None) -> int:
    return -1 if width is None else max(least for least in (0, 480, 768, 1024, 1280, 1920) if width >= least)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("action", ["click", "custom"])
def test_heatmap(client: Client, stored: Stored, action: str, shift: timedelta) -> None:
    start, end = BEGIN + shift, END - timedelta(hours=30) + shift
    expected = Counter(
        (width_class(event.viewport_width), event.x // 20, event.y // 20)
        for event in stored.within("aurora", None, start, end)
        if event.action_type == action
        and event.x is not None
        and event.y is not None
        and urlsplit(event.url or "").path == "/home"
    )
    asked = {"page_path": "/home", "action_type": action, "start_time": start.isoformat(), "end_time": end.isoformat()}
    found = client.get("heatmap", tenant_id="aurora", **asked)["viewports"]
    numbers = {
        (viewport["least_width"], cell["x"], cell["y"]): cell["events"]
        for viewport in found
        for cell in viewport["cells"]
    }
    assert numbers == expected
    assert len(expected) > 100
    assert sum(viewport["events"] for viewport in found) == sum(expected.values())
    elsewhere = client.get("heatmap", tenant_id="aurora", page_host="borealis.example", **asked)
    assert elsewhere["viewports"] == []


@pytest.mark.parametrize("tenant", ["aurora", "cascade"])
def test_experiments_are_what_the_generator_says(client: Client, stored: Stored, tenant: str) -> None:
    found = client.get("experiments", tenant_id=tenant, **EVERYTHING)["experiments"]
    numbers = {
        (experiment["experiment_id"], group["group"]): (
            group["users"],
            group["impressions"],
            group["clicks"],
            group["conversions"],
        )
        for experiment in found
        for group in experiment["groups"]
    }
    truth = [each for each in stored.answers.experiments if each.tenant_id == tenant]
    assert numbers == {
        (each.experiment_id, each.experiment_group): (each.users, each.impressions, each.clicks, each.orders)
        for each in truth
    }
    watched = Counter[tuple[str, str]]()
    for event in stored.within(tenant, None, BEGIN, END):
        watched[event.experiment_id or "", event.experiment_group or ""] += event.watch_duration or 0
    assert sum(watched.values()) > 0
    for experiment in found:
        for group in experiment["groups"]:
            assert group["total_watch_duration"] == watched[experiment["experiment_id"], group["group"]]
            assert 0 < group["avg_completion_rate"] < group["avg_completion_rate_watched"] < 100
    effects = {(each.experiment_id, each.experiment_group): each.click_effect for each in truth}
    for experiment in found:
        assert experiment["control"] == "control"
        assert not experiment["mismatch"]
        base = effects[experiment["experiment_id"], "control"]
        for group in experiment["groups"]:
            if group["group"] == "control":
                assert group["ctr_lift"] is None
                continue
            lift = group["ctr_lift"]
            assert (
                lift["low"] <= (effects[experiment["experiment_id"], group["group"]] / base - 1) * 100 <= lift["high"]
            )
            assert lift["low"] < lift["percent"] < lift["high"]


def test_one_experiment_and_another_control(client: Client) -> None:
    asked = {"tenant_id": "aurora", "experiment_id": "similar", "control": "visual", **EVERYTHING}
    (found,) = client.get("experiments", **asked)["experiments"]
    assert found["control"] == "visual"
    assert {group["group"]: group["ctr_lift"] is None for group in found["groups"]} == {
        "control": False,
        "graph": False,
        "visual": True,
    }


def test_a_page_must_be_named(client: Client) -> None:
    assert client.refused("heatmap", tenant_id="aurora")[0] == 422
    assert client.refused("retention", tenant_id="aurora", start_time="2026-01-01", end_time="2026-08-01")[0] == 422
    assert datetime.fromisoformat(EVERYTHING["start_time"]).tzinfo is UTC
