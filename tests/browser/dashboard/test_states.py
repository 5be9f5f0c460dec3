"""What an outage looks like while it lasts, and that pages come back by themselves."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.dashboard.shown import PATIENCE_MS, Shown
from tests.contract.catalogue.client import Catalogue
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.mongo import Mongo
from tests.kit.redis import RedisProcess

Screenshot = Callable[[Page, str], Path]


def test_an_outage_of_redis(shown: Shown, redis: RedisProcess, screenshot: Screenshot) -> None:
    with redis.client() as client:
        client.hset("hot:meta:aurora:search", "half_life", "3600")
        client.zadd("hot:items:aurora:search", {"sofa": time.time() / 3600 + 3})
    shown.go("hot", scenario="search")
    shown.panel("hot-search")
    redis.stop()
    try:
        stale = shown.panel("hot-search", "stale")
        assert "Not up to date since" in stale.inner_text()
        assert "Redis does not answer" in stale.inner_text()
        assert stale.locator("li[data-item=sofa]").count() == 1, "what was known stays"
        screenshot(shown.page, "stale")
        shown.go(scenario="search")
        assert "Redis does not answer" in shown.panel("live", "error").inner_text()
        assert shown.figure("total_clicks") > 0, "what does not need Redis goes on"
        shown.page.get_by_role("button", name="Switch to Chinese").click()
        expect(shown.panel("live", "error")).to_contain_text("Redis 没有响应", timeout=PATIENCE_MS)
        shown.go("hot", scenario="search")
        expect(shown.panel("hot-search", "error")).to_contain_text("Redis 没有响应", timeout=PATIENCE_MS)
        shown.go(scenario="search")
    finally:
        redis.start()
    shown.panel("live", "empty")  # it answers, and has no metrics of this place


def test_an_outage_of_clickhouse(shown: Shown, clickhouse: ServerProcess, screenshot: Screenshot) -> None:
    shown.go()
    before = shown.rows("items")
    clickhouse.end()
    try:
        assert "ClickHouse does not answer" in shown.panel("figures", "stale").inner_text()
        screenshot(shown.page, "stale")
        shown.go("funnel")
        error = shown.panel("funnel", "error")
        assert "ClickHouse does not answer" in error.inner_text()
        assert "tried again by itself" in error.inner_text()
        screenshot(shown.page, "error")
    finally:
        clickhouse.start()
    assert shown.rows("funnel"), "it comes back without being asked"
    shown.go()
    assert shown.rows("items") == before


def test_an_outage_of_mongodb(shown: Shown, address: str, mongo: Mongo, screenshot: Screenshot) -> None:
    with Catalogue(shown.origin, address.partition("#token=")[2], tenant="aurora") as catalogue:
        for number in range(3):
            catalogue.make("items", item_id=f"sofa-{number}", title="Sofa")
        catalogue.make("scenarios", scenario_id="home")
    shown.go()
    items, scenarios = (
        shown.panel("figures").locator(f'[data-figure="{name}"]') for name in ("total_items", "active_scenarios")
    )
    expect(items).to_have_attribute("data-value", "3")
    expect(scenarios).to_have_attribute("data-value", "1")
    clicks = shown.figure("total_clicks")
    other = Shown(shown.page.context.new_page(), shown.origin, shown.stored)
    mongo.stop()
    try:
        for figure in (items, scenarios):
            expect(figure).to_have_attribute("data-value", "", timeout=PATIENCE_MS)
            expect(figure).to_contain_text("no answer from MongoDB")
        assert shown.figure("total_clicks") == clicks > 0, "what does not need MongoDB goes on"
        screenshot(shown.page, "counts")
        other.go("catalogue", of="items", id="sofa-1")
        document = other.page.locator('[data-panel="document"]')
        for said in (other.panel("catalogue", "error"), document.locator(".status")):
            expect(said).to_contain_text("MongoDB does not answer", timeout=PATIENCE_MS)
            expect(said).to_contain_text("tried again by itself")
        screenshot(other.page, "catalogue")
    finally:
        mongo.start()
    # Neither page is touched.
    expect(items).to_have_attribute("data-value", "3", timeout=PATIENCE_MS)
    expect(scenarios).to_have_attribute("data-value", "1")
    expect(items).not_to_contain_text("MongoDB")
    expect(other.panel("catalogue").get_by_role("button", name="sofa-2")).to_be_visible()
    expect(document.locator("textarea")).to_have_value(re.compile('"title": "Sofa"'), timeout=PATIENCE_MS)
    expect(document.locator(".status")).to_have_text("")
    screenshot(other.page, "recovered")


def test_what_is_on_its_way_is_said_to_be(shown: Shown) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    shown.page.route("**/api/v1/analytics/funnel?*", hold)
    with shown.page.expect_request("**/api/v1/analytics/funnel?*"):
        shown.go("funnel")
    waiting = shown.panel("funnel", "loading")
    expect(waiting).to_have_attribute("aria-busy", "true")
    expect(waiting.get_by_role("status")).to_have_text("Loading …")
    expect(waiting.locator("table, canvas")).to_have_count(0)
    held.pop().continue_()
    expect(shown.panel("funnel")).to_have_attribute("aria-busy", "false")


def test_a_question_that_is_refused_says_why_and_is_not_repeated(shown: Shown) -> None:
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.url) if "/funnel?" in request.url else None)
    shown.go("funnel", steps="a,b,c,d,e,f,g,h,i,j,k")
    assert "name 1 to 10" in shown.panel("funnel", "error").inner_text()
    questions = [url for url in asked if "/api/" in url]
    shown.page.wait_for_timeout(2500)  # what is away would be asked again after two seconds
    assert [url for url in asked if "/api/" in url] == questions


def test_who_signs_out_sees_nothing_more(shown: Shown, address: str, screenshot: Screenshot) -> None:
    shown.go()
    shown.panel("figures")
    shown.page.get_by_role("button", name="Sign out").click()
    shown.page.wait_for_selector("form.sign-in")
    shown.go("funnel")
    shown.page.wait_for_selector("form.sign-in")
    assert shown.page.locator("[data-panel]").count() == 0
    shown.page.fill("[name=token]", "cs_guess")
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("form.sign-in .status:has-text('unknown or has expired')")
    screenshot(shown.page, "sign-in")
    shown.page.fill("[name=token]", address.partition("#token=")[2])
    shown.page.keyboard.press("Enter")
    shown.panel("funnel")


def test_no_token_stays_anywhere_that_a_page_or_its_address_can_tell(shown: Shown, address: str) -> None:
    token = address.partition("#token=")[2]
    shown.go()
    shown.panel("figures")
    kept = shown.page.evaluate(
        "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, location.href])"
    )
    assert token not in kept
    shown.page.go_back()
    shown.page.wait_for_timeout(200)
    assert "token" not in shown.page.url
    cookies = shown.page.context.cookies()
    assert [(cookie.get("httpOnly"), cookie.get("sameSite")) for cookie in cookies] == [(True, "Strict")]
    shown.page.wait_for_load_state(timeout=PATIENCE_MS)
