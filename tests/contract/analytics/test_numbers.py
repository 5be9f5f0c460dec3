"""Every number against the generator's exact answers and against the events themselves."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from analytics.questions.funnel import Breakdown
from clickstream.events.action import Action
from clickstream.events.model import Event
from tests.contract.analytics.conftest import TENANTS
from tests.contract.analytics.service import Client
from tests.contract.analytics.stored import Stored, traffic
from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = pytest.mark.net

SCENARIOS = ("home", "search", "detail", "cart")
FUNNEL = ("impression", "click", "view", "add_cart", "order")
ZONES = ("UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham")
BEGIN = datetime.fromtimestamp(traffic().start_ms / 1000, UTC) - timedelta(hours=1)
END = BEGIN + timedelta(hours=75)
EVERYTHING = {"start_time": BEGIN.isoformat(), "end_time": END.isoformat()}


def counts(events: list[Event]) -> Counter[str]:
    return Counter(event.action_type.value for event in events)


def overview(events: list[Event]) -> dict[str, float]:
    found = counts(events)
    shown = found["impression"]
    return {
        "total_recommendations": shown,
        "total_clicks": found["click"],
        "ctr": found["click"] * 100 / shown if shown else 0,
        "total_conversions": found["order"],
        "conversion_rate": found["order"] * 100 / shown if shown else 0,
        "active_users": len({event.user_id for event in events}),
    }


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_place_on_the_dashboard_is_what_the_generator_says(
    client: Client, stored: Stored, tenant: str, scenario: str
) -> None:
    place = stored.answers.place(tenant, scenario)
    found = client.get("dashboard", tenant_id=tenant, scenario_id=scenario, **EVERYTHING)
    shown, clicks, orders = (place.actions.get(name, 0) for name in ("impression", "click", "order"))
    assert found["overview"] == {
        "total_recommendations": shown,
        "total_clicks": clicks,
        "ctr": pytest.approx(clicks * 100 / shown),
        "total_conversions": orders,
        "conversion_rate": pytest.approx(orders * 100 / shown),
        "active_users": place.unique_users,
        "total_items": None,
        "active_scenarios": None,
    }
    assert found["data_source"] == "clickhouse"


# Quarters of an hour come from the marts, anything else from the rows.
@pytest.mark.parametrize("cut", [timedelta(), timedelta(minutes=15), timedelta(minutes=7), timedelta(milliseconds=1)])
@pytest.mark.parametrize("tenant", TENANTS)
def test_the_dashboard_of_a_whole_tenant_and_the_change(
    client: Client, stored: Stored, tenant: str, cut: timedelta
) -> None:
    middle = BEGIN + timedelta(hours=37) + cut
    start, length = middle - timedelta(hours=20), timedelta(hours=20)
    found = client.get(
        "dashboard", tenant_id=tenant, start_time=middle.isoformat(), end_time=(middle + length).isoformat()
    )
    now = overview(stored.within(tenant, None, middle, middle + length))
    before = overview(stored.within(tenant, None, start, middle))
    assert {name: found["overview"][name] for name in now} == pytest.approx(now)
    assert found["previous"] == pytest.approx(before)
    assert found["change"] == pytest.approx({name: (now[name] - before[name]) * 100 / before[name] for name in now})


def test_a_period_without_events_is_zero_and_has_no_change(client: Client) -> None:
    found = client.get("dashboard", tenant_id="aurora", start_time="2001-01-01", end_time="2001-01-02")
    assert set(found["overview"].values()) == {0, None}
    assert set(found["change"].values()) == {None}


def test_a_scenario_that_nobody_has_is_zero(client: Client) -> None:
    assert client.get("dashboard", tenant_id="aurora", scenario_id="it's \\ \t 1=1 --", **EVERYTHING)["overview"][
        "total_clicks"
    ] == 0  # fmt: skip


def by_metric(answer: Any) -> dict[str, dict[str, float]]:
    return {
        series["metric_name"]: {point["timestamp"]: point["value"] for point in series["points"]}
        for series in answer["trends"]
    }


@pytest.mark.parametrize("tenant", TENANTS)
def test_hours_and_days_are_what_the_generator_says(client: Client, stored: Stored, tenant: str) -> None:
    for grain, width in (("hour", 13), ("day", 10)):
        found = by_metric(
            client.get("trend", tenant_id=tenant, scenario_id="home", granularity=grain, time_zone="UTC", **EVERYTHING)
        )
        place = stored.answers.place(tenant, "home")
        expected = place.hours if grain == "hour" else place.days
        for metric, action in (("impressions", "impression"), ("clicks", "click"), ("conversions", "order")):
            assert {at[:width]: int(value) for at, value in found[metric].items() if value} == {
                at: actions[action] for at, actions in expected.items() if actions.get(action)
            }


@pytest.mark.parametrize("shift", [timedelta(), timedelta(minutes=11)])
@pytest.mark.parametrize("zone", ZONES)
def test_days_and_hours_of_a_time_zone_across_midnight_and_the_end_of_the_month(
    client: Client, stored: Stored, zone: str, shift: timedelta
) -> None:
    start, end = BEGIN + timedelta(hours=5) + shift, END - timedelta(hours=5) + shift
    place = ZoneInfo(zone)
    events = stored.within("aurora", None, start, end)
    for grain in ("hour", "day"):
        groups: defaultdict[datetime, list[Event]] = defaultdict(list)
        for event in events:
            local = datetime.fromtimestamp(event.timestamp / 1000, place).replace(minute=0, second=0, microsecond=0)
            # In UTC: times of two zones are never equal where one of them repeats an hour.
            groups[(local if grain == "hour" else local.replace(hour=0)).astimezone(UTC)].append(event)
        asked = {"start_time": start.isoformat(), "end_time": end.isoformat(), "time_zone": zone}
        found = by_metric(client.get("trend", tenant_id="aurora", granularity=grain, **asked))
        for metric, name in (
            ("impressions", "total_recommendations"),
            ("clicks", "total_clicks"),
            ("ctr", "ctr"),
            ("conversions", "total_conversions"),
            ("conversion_rate", "conversion_rate"),
            ("active_users", "active_users"),
        ):
            points = {datetime.fromisoformat(at).astimezone(UTC): value for at, value in found[metric].items()}
            expected = {at: overview(groups[at])[name] for at in points}
            assert points == pytest.approx(expected), (grain, metric)
            assert set(groups) <= set(points)


def test_a_trend_has_no_gaps_where_summer_time_begins_and_ends(client: Client) -> None:
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        end = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        asked = {"start_time": day, "end_time": end, "time_zone": "Europe/Berlin", "granularity": "hour"}
        points = by_metric(client.get("trend", tenant_id="aurora", **asked))["clicks"]
        assert len(points) == hours
        moments = [datetime.fromisoformat(at) for at in points]
        assert all(b - a == timedelta(hours=1) for a, b in zip(moments, moments[1:], strict=False))


def test_a_tenant_counts_its_days_in_its_own_time_zone_unless_asked_otherwise(client: Client) -> None:
    found = client.get("trend", tenant_id="borealis", start_time="2026-01-01", end_time="2026-01-03")
    assert [point["timestamp"] for point in found["trends"][0]["points"]] == [
        "2026-01-01T00:00:00+05:30",
        "2026-01-02T00:00:00+05:30",
    ]
    assert found["period"]["time_zone"] == "Asia/Kolkata"


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_top_items_are_what_the_generator_says(client: Client, stored: Stored, tenant: str, scenario: str) -> None:
    found = client.get("items", tenant_id=tenant, scenario_id=scenario, limit=50, **EVERYTHING)["distribution"]
    top = stored.answers.place(tenant, scenario).top_clicked
    assert [(item["label"], item["count"], item["clicks"]) for item in found] == [
        (item.item_id, item.clicks, item.clicks) for item in top
    ]


@pytest.mark.parametrize("sort", ["impressions", "clicks", "conversions"])
@pytest.mark.parametrize("shift", [timedelta(), timedelta(seconds=1)])
def test_items_of_a_part_of_the_time(client: Client, stored: Stored, sort: str, shift: timedelta) -> None:
    start, end = BEGIN + timedelta(hours=30), BEGIN + timedelta(hours=42) + shift
    groups: defaultdict[str, list[Event]] = defaultdict(list)
    for event in stored.within("cascade", None, start, end):
        if event.item_id:
            groups[event.item_id].append(event)
    names = {"impressions": "impression", "clicks": "click", "conversions": "order"}
    numbers = {
        item: {name: counts(events)[action] for name, action in names.items()} for item, events in groups.items()
    }
    best = sorted((item for item in numbers if numbers[item][sort]), key=lambda item: (-numbers[item][sort], item))[:12]
    found = client.get(
        "items", tenant_id="cascade", sort=sort, limit=12, start_time=start.isoformat(), end_time=end.isoformat()
    )["distribution"]
    assert [item["label"] for item in found] == best
    for item in found:
        assert {name: item[name] for name in names} == numbers[item["label"]]
        assert item["count"] == item[sort]
        shares = [event.completion_rate or 0 for event in groups[item["label"]]]
        times = sum(1 for event in groups[item["label"]] if event.watch_duration or event.completion_rate)
        assert item["total_watch_duration"] == sum(event.watch_duration or 0 for event in groups[item["label"]])
        assert item["avg_completion_rate"] == pytest.approx(100 * sum(shares) / len(shares))
        assert item["avg_completion_rate_watched"] == pytest.approx(100 * sum(shares) / max(times, 1))
        assert 0 <= item["ctr_low"] <= min(item["ctr"], 100) <= item["ctr_high"] <= 100 or not item["impressions"]


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_behavior_is_what_the_generator_says(client: Client, stored: Stored, tenant: str, scenario: str) -> None:
    place = stored.answers.place(tenant, scenario)
    found = client.get("behavior", tenant_id=tenant, scenario_id=scenario, **EVERYTHING)
    assert [step["users"] for step in found["funnel"]] == place.funnel
    assert {each["action_type"]: each["events"] for each in found["actions"] if each["events"]} == place.actions
    assert [each["action_type"] for each in found["actions"]] == list(Action)
    assert found["active_users"] == place.unique_users
    users = defaultdict(set)
    for event in stored.within(tenant, scenario, BEGIN, END):
        users[event.action_type.value].add(event.user_id)
    for each in found["actions"]:
        assert each["users"] == len(users[each["action_type"]])
        assert each["rate"] == pytest.approx(each["users"] * 100 / place.unique_users)
    actions = place.actions
    assert found["rates"] == pytest.approx(
        {
            "click_rate": actions["click"] * 100 / actions["impression"],
            "view_rate": actions["view"] * 100 / actions["click"],
            "like_rate": actions.get("like", 0) * 100 / actions["view"],
            "share_rate": actions.get("share", 0) * 100 / actions["view"],
            "add_cart_rate": actions.get("add_cart", 0) * 100 / actions["view"],
            "order_rate": actions.get("order", 0) * 100 / actions["add_cart"],
        }
    )


def attempts(events: list[Event], steps: tuple[str, ...], window_ms: int) -> list[int]:
    """One user's best attempt, the plain way: the times at which it reached its steps."""
    line = sorted(
        (event.timestamp, steps.index(event.event_name or "")) for event in events if event.event_name in steps
    )
    best: list[int] = []
    for first, (begin, step) in enumerate(line):
        if step or line[first + 1 : first + 2] and line[first + 1][1] == 0:
            continue
        times = [begin]
        for at, kind in line[first + 1 :]:
            if kind == len(times) and at - begin <= window_ms:
                times.append(at)
        if len(times) > len(best):
            best = times
    return best


@pytest.mark.parametrize(("steps", "window"), [(FUNNEL, 7 * 86400), (FUNNEL, 600), (("click", "search_submit"), 3600)])
def test_a_funnel_with_any_steps_and_window(
    client: Client, stored: Stored, steps: tuple[str, ...], window: int
) -> None:
    by_user: defaultdict[str, list[Event]] = defaultdict(list)
    for event in stored.within("aurora", None, BEGIN, END):
        by_user[event.user_id].append(event)
    best = [attempts(events, steps, window * 1000) for events in by_user.values()]
    found = client.get("funnel", tenant_id="aurora", steps=",".join(steps), window_seconds=window, **EVERYTHING)
    assert [step["users"] for step in found["steps"]] == [
        sum(len(times) > number for times in best) for number in range(len(steps))
    ]
    for number in range(1, len(steps)):
        took = sorted((times[number] - times[number - 1]) / 1000 for times in best if len(times) > number)
        assert len(took) > 3
        assert found["steps"][number]["median_seconds"] == pytest.approx(took[len(took) // 2])
        assert found["steps"][number]["p90_seconds"] == pytest.approx(took[int(len(took) * 0.9)])
        assert found["steps"][number]["dropped"] == (
            found["steps"][number - 1]["users"] - found["steps"][number]["users"]
        )


VALUES: dict[str, Callable[[Event], str | None]] = {
    "scenario": lambda event: event.scenario_id,
    "device": lambda event: event.context.device_type if event.context else None,
    "os": lambda event: event.context.os if event.context else None,
    "browser": lambda event: event.context.browser if event.context else None,
    "experiment_group": lambda event: event.experiment_group,
}


@pytest.mark.parametrize("breakdown", VALUES)
def test_a_funnel_is_told_apart_by_the_value_at_a_users_first_step(
    client: Client, stored: Stored, breakdown: str
) -> None:
    value = VALUES[breakdown]
    by_user: defaultdict[str, list[Event]] = defaultdict(list)
    for event in stored.within("aurora", None, BEGIN, END):
        if event.event_name in FUNNEL:
            by_user[event.user_id].append(event)
    users: Counter[tuple[str, int]] = Counter()
    uncertain = 0
    for events in by_user.values():
        reached = len(attempts(events, FUNNEL, 7 * 86_400_000))
        values = {value(event) or "" for event in events if event.timestamp == events[0].timestamp}
        uncertain += len(values) > 1 and reached > 0
        users.update((min(values), number) for number in range(reached))
    found = client.get("funnel", tenant_id="aurora", breakdown=breakdown, **EVERYTHING)
    groups = {
        (group["value"], at): step["users"] for group in found["groups"] for at, step in enumerate(group["steps"])
    }
    expected = {(name, at): users[name, at] for name, _ in users for at in range(len(FUNNEL))}
    assert uncertain == 0, "of two first events none is the first: this shows nothing"
    assert groups == expected
    assert len(found["groups"]) > 1
    firsts = [group["steps"][0]["users"] for group in found["groups"]]
    assert firsts == sorted(firsts, reverse=True)


def test_pages_are_steps_too(client: Client, stored: Stored) -> None:
    events = stored.within("aurora", None, BEGIN, END)
    seen = {event.user_id for event in events if (event.url or "").split("?")[0] == "https://aurora.example/home"}
    found = client.get("funnel", tenant_id="aurora", steps="page:/home", **EVERYTHING)["steps"]
    assert [step["users"] for step in found] == [len(seen)]


def test_every_breakdown_has_its_own_column(client: Client, clickhouse: ServerProcess, stored: Stored) -> None:
    columns = {
        "scenario": "scenario_id",
        "device": "context.device_type",
        "os": "context.os",
        "browser": "context.browser",
        "country": "geo_country",
        "platform": "platform",
        "channel": "channel",
        "experiment_group": "experiment_group",
        "category": "category_1",
    }
    assert {*columns, "none"} == set(Breakdown)
    begin = BEGIN - timedelta(days=20)  # nothing else is asked about
    for number, (action, mark) in enumerate((("click", "first"), ("order", "second"))):
        row: dict[str, Any] = {"event_id": mark, "tenant_id": "cascade", "user_id": "u", "action_type": action}
        row |= {"event_name": action, "timestamp": begin.timestamp() + 60 * number, "context": {}}
        for name, column in columns.items():
            within, _, field = column.partition(".")
            (row[within] if field else row)[field or column] = f"{mark} {name}"
        answer = httpx.post(
            clickhouse.url,
            params={"database": "shop", "query": "INSERT INTO user_behaviors_local FORMAT JSONEachRow"},
            content=json.dumps(row).encode(),
        )
        assert answer.status_code == 200, answer.text
    asked = {"start_time": begin.isoformat(), "end_time": (begin + timedelta(hours=1)).isoformat()}
    for breakdown in columns:
        (group,) = client.get("funnel", tenant_id="cascade", steps="click,order", breakdown=breakdown, **asked)[
            "groups"
        ]
        assert (group["value"], [step["users"] for step in group["steps"]]) == (f"first {breakdown}", [1, 1])
