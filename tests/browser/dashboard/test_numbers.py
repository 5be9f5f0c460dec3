"""What stands on the pages is what the generator says, and what its events say where it says nothing."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from analytics.rates import wilson
from clickstream.events.model import Event
from tests.browser.dashboard.shown import VALUES, Shown
from tests.kit.redis import RedisProcess
from tests.kit.waiting import wait_for

Screenshot = Callable[[Page, str], Path]
SHANGHAI = ZoneInfo("Asia/Shanghai")
FUNNEL = ("impression", "click", "view", "add_cart", "order")


def counts(events: list[Event]) -> Counter[str]:
    return Counter(event.action_type.value for event in events)


def percent(part: float, whole: float) -> float:
    return part * 100 / whole if whole else 0.0


def of_aurora(shown: Shown, scenario: str | None = None, zone: ZoneInfo | None = None) -> list[Event]:
    start, end = shown.span
    if zone is not None:
        start, end = (moment.replace(tzinfo=zone) for moment in (start, end))
    return shown.stored.within("aurora", scenario, start, end)


def test_the_figures_of_a_place(shown: Shown, screenshot: Screenshot) -> None:
    place = shown.stored.answers.place("aurora", "home")
    shown.go(scenario="home")
    shows, clicks, orders = (place.actions[name] for name in ("impression", "click", "order"))
    figures = {
        "total_recommendations": shows,
        "total_clicks": clicks,
        "ctr": percent(clicks, shows),
        "total_conversions": orders,
        "conversion_rate": percent(orders, shows),
        "active_users": place.unique_users,
    }
    assert {name: shown.figure(name) for name in figures} == pytest.approx(figures)
    days = [
        [day, percent(found.get("click", 0), found["impression"]), percent(found.get("order", 0), found["impression"])]
        for day, found in sorted(place.days.items())
    ]
    rates = [[row[0], *map(float, row[1:])] for row in shown.rows("trend")]
    assert rates == [[day, pytest.approx(ctr), pytest.approx(rate)] for day, ctr, rate in days]
    items = [(row[0], int(row[2])) for row in shown.rows("items")]
    assert items == [(top.item_id, top.clicks) for top in place.top_clicked[:10]]
    for item, *numbers in shown.rows("items"):
        found = counts([event for event in of_aurora(shown, "home") if event.item_id == item])
        low, high = wilson(found["click"], found["impression"])
        expected = [found["impression"], found["click"], found["order"], percent(found["click"], found["impression"])]
        assert [float(number) for number in numbers] == pytest.approx([*expected, low, high]), item
    screenshot(shown.page, "overview")


def test_days_and_hours_of_another_time_zone_across_the_end_of_a_month(shown: Shown) -> None:
    for by in ("day", "hour"):
        shown.go(zone="Asia/Shanghai", by=by)
        expected: defaultdict[str, list[Event]] = defaultdict(list)
        for event in of_aurora(shown, zone=SHANGHAI):
            local = datetime.fromtimestamp(event.timestamp / 1000, SHANGHAI)
            expected[local.strftime("%Y-%m-%d" if by == "day" else "%Y-%m-%d %H:00")].append(event)
        rows = {row[0]: [float(value) for value in row[1:]] for row in shown.rows("volume")}
        assert {at[:7] for at in expected} >= {at[:7] for at in rows}
        assert len({at[:7] for at in rows}) == 2, "two months"
        for at, found in rows.items():
            told = counts(expected[at])
            users = len({event.user_id for event in expected[at]})
            assert found == [told["impression"], told["click"], told["order"], users], at
        assert expected.keys() <= rows.keys()
        gaps = {row[0] for row in shown.rows("trend") if row[1] == ""}
        assert gaps == {at for at in rows if not counts(expected[at])["impression"]}, "no rate of nothing"


def test_a_funnel_and_its_breakdown(shown: Shown, screenshot: Screenshot) -> None:
    place = shown.stored.answers.place("aurora", "home")
    shown.go("funnel", scenario="home", window=str(400 * 24 * 3600))
    rows = shown.rows("funnel")
    assert [(row[0], int(row[1])) for row in rows] == list(zip(FUNNEL, place.funnel, strict=True))
    assert [float(row[2]) for row in rows] == pytest.approx([percent(users, place.funnel[0]) for users in place.funnel])
    screenshot(shown.page, "funnel")
    shown.page.select_option("[name=breakdown]", "device")
    shown.page.wait_for_url("**breakdown=device**")
    shown.page.wait_for_selector('[data-panel="funnel"][data-state="ready"] th:text-is("Group")', state="attached")
    first = [row for row in shown.rows("funnel") if row[1] == "impression"]
    assert len(first) > 1
    assert sum(int(row[2]) for row in first) == place.funnel[0]
    screenshot(shown.page, "by-device")


def test_who_came_back(shown: Shown, screenshot: Screenshot) -> None:
    active: defaultdict[str, set[date]] = defaultdict(set)
    for event in of_aurora(shown):
        active[event.user_id].add(datetime.fromtimestamp(event.timestamp / 1000, UTC).date())
    expected = Counter((min(days).isoformat(), (day - min(days)).days) for days in active.values() for day in days)
    shown.go("retention")
    found = {
        (row[0], later): int(value)
        for row in shown.rows("cohorts")
        for later, value in enumerate(row[2:])
        if value not in {"", "0"}
    }
    assert found == expected
    first, end = shown.span
    span = [(first + timedelta(days=number)).date().isoformat() for number in range((end - first).days)]
    sums = []
    for later in range(len(span)):
        old = span[: len(span) - later]  # those that could have come back at that age
        users, returned = (sum(expected[day, age] for day in old) for age in (0, later))
        sums.append([later, users, returned, pytest.approx(percent(returned, users))])
    curve = [[int(age), int(users), int(returned), float(rate)] for age, users, returned, rate in shown.rows("curve")]
    assert curve == sums
    assert len(curve) > 3 and 0 < curve[1][2] < curve[1][1]
    screenshot(shown.page, "retention")


def test_where_sessions_go(shown: Shown, screenshot: Screenshot) -> None:
    sessions: defaultdict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
    for event in of_aurora(shown):
        if event.session_id and event.action_type == "view" and event.item_id:
            sessions[event.user_id, event.session_id].append((event.timestamp, event.event_id, event.item_id))
    walked = [[item for item, _ in groupby(at[2] for at in sorted(session))] for session in sessions.values()]
    start = Counter(item for line in walked for item in line).most_common(1)[0][0]
    next_ones = Counter(
        line[line.index(start) + 1] if line.index(start) + 1 < len(line) else "(end)"
        for line in walked
        if start in line
    )
    shown.go("paths", of="item", start=start, depth="3")
    first = [(row[2], int(row[3])) for row in shown.rows("paths") if row[0] == "1"]
    assert len(first) > 1
    assert [count for _, count in first] == sorted(next_ones.values(), reverse=True)[: len(first)]
    assert all(next_ones[item] == count for item, count in first)
    screenshot(shown.page, "paths")


def test_where_on_a_page(shown: Shown, screenshot: Screenshot) -> None:
    def least(width: int | None) -> int:
        return -1 if width is None else max(each for each in (0, 480, 768, 1024, 1280, 1920) if width >= each)

    clicked = [
        event
        for event in of_aurora(shown)
        if event.action_type == "click" and event.x is not None and urlsplit(event.url or "").path == "/home"
    ]
    widths = Counter(least(event.viewport_width) for event in clicked)
    shown.go("heatmap", path="/home", action="click", width="1280")
    expected = Counter(
        ((event.x or 0) // 20 * 20, (event.y or 0) // 20 * 20)
        for event in clicked
        if least(event.viewport_width) == 1280
    )
    assert {(int(x), int(y)): int(events) for x, y, events in shown.rows("heatmap")} == expected
    offered = shown.page.locator("[name=width] option").all_inner_texts()
    assert [int(text.split("(")[1].strip(")").replace(",", "")) for text in offered] == [
        widths[width] for width in sorted(widths)
    ]
    screenshot(shown.page, "heatmap")


def test_groups_of_experiments(shown: Shown, screenshot: Screenshot) -> None:
    shown.go("experiments")
    truth = {
        (each.experiment_id, each.experiment_group): [each.users, each.impressions, each.clicks, each.orders]
        for each in shown.stored.answers.experiments
        if each.tenant_id == "aurora"
    }
    found, rates = {}, {}
    for part in shown.panel("experiments").locator("[data-experiment]").all():
        for values in part.locator("tbody tr").evaluate_all(VALUES):
            found[part.get_attribute("data-experiment"), values[0]] = [int(value) for value in values[1:5]]
            rates[part.get_attribute("data-experiment"), values[0]] = [values[6], values[7], values[9]]
    assert found == truth
    for (experiment, group), (_, shows, clicks, orders) in truth.items():
        _, base_shows, base_clicks, _ = truth[experiment, "control"]
        ctr, base = percent(clicks, shows), percent(base_clicks, base_shows)
        lift = "" if group == "control" else pytest.approx((ctr / base - 1) * 100)
        read = [float(value) if value else "" for value in rates[experiment, group]]
        assert read == [pytest.approx(ctr), pytest.approx(percent(orders, shows)), lift]
    screenshot(shown.page, "experiments")


def test_live_values_and_hot_items_as_they_move(shown: Shown, redis: RedisProcess, screenshot: Screenshot) -> None:
    now = time.time() / 3600
    values = {
        "impressions": 2000, "clicks": 30, "ctr": 0.015, "views": 20, "likes": 1, "shares": 0, "add_carts": 5,
        "conversions": 3, "conversion_rate": 0.1, "active_users": 17, "active_items": 11,
        "window_start": 1, "window_end": 3_600_001, "updated_at": int(time.time() * 1000),
    }  # fmt: skip
    key = "hot:items:aurora:home"
    with redis.client() as client:
        client.hset("metrics:realtime:aurora:home", mapping={name: str(value) for name, value in values.items()})
        client.hset("hot:meta:aurora:home", "half_life", "3600")
        client.delete(key)
        client.zadd(key, {"sofa": now + 3, "<b>lamp</b>": now + 2, "chair": now + 1})
        shown.go(scenario="home")
        row = ["home", 2000, 30, 1.5, 5, 3, 17, 11, values["updated_at"]]
        assert shown.rows("live") == [[str(value) for value in row]]
        heads = shown.panel("live").locator("th[scope=col]").all_text_contents()
        assert [head for head in heads if "≈" in head] == ["Active users ≈", "Items seen ≈"]
        client.hset("metrics:realtime:aurora:home", "clicks", "31")
        shown.page.wait_for_selector('[data-panel="live"] td[data-value="31"]')  # without loading it anew

        shown.page.emulate_media(reduced_motion="no-preference")
        shown.go("hot", scenario="home")
        assert [row[1] for row in shown.rows("hot-home")] == ["sofa", "<b>lamp</b>", "chair"]
        assert [float(row[2]) for row in shown.rows("hot-home")] == pytest.approx([8, 4, 2], rel=0.01)
        client.zadd(key, {"chair": now + 4, "desk": now})
        shown.page.wait_for_selector('.ranks li:first-child[data-item="chair"]')
        assert shown.page.locator(".ranks li").evaluate_all("rows => rows.map(row => row.dataset.item)") == [
            "chair", "sofa", "<b>lamp</b>", "desk",
        ]  # fmt: skip
        assert "▲ 2" in shown.page.locator('.ranks li[data-item="chair"] .moved').inner_text()
        at_rest = "!document.getAnimations().some(each => each.playState === 'running')"
        wait_for(lambda: shown.page.evaluate(at_rest), 10, "rows are where they belong")
        screenshot(shown.page, "hot")


def test_a_day_without_events_has_no_data(shown: Shown, screenshot: Screenshot) -> None:
    day = (shown.span[0] - timedelta(days=30)).date().isoformat()
    shown.go("", **{"from": day, "to": day})
    for panel in ("trend", "volume", "items"):
        assert "No data" in shown.panel(panel, "empty").inner_text()
    for page, panel in (("funnel", "funnel"), ("retention", "cohorts"), ("paths", "paths"), ("heatmap", "heatmap")):
        shown.go(page, **{"from": day, "to": day, "path": "/home"})
        assert "No data" in shown.panel(panel, "empty").inner_text()
    screenshot(shown.page, "empty")
