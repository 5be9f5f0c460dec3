"""A whole visit in a real Chromium: through collector, Kafka and Flink into ClickHouse, and back out of Redis."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError

from analytics.services import Services
from analytics.tokens import Role, Tokens, add_token
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from tests.browser.site import Site, site
from tests.browser.visitor import TRACKED, Visitor, apart
from tests.contract.analytics.service import Client, running
from tests.kit.collector import TENANT
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.servers import REPOSITORY
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]
HOT = REPOSITORY / "pyflink_jobs" / "item_hot_score.py"
# What a page says of an event, by column, and what stands there when it says nothing.
TEXTS = [
    "scenario_id",
    "user_id",
    "item_id",
    "session_id",
    "platform",
    "url",
    "referrer",
    "title",
    "element_id",
    "request_id",
    "experiment_id",
    "experiment_group",
    "order_id",
    "currency",
]
PLACES = ["x", "y", "viewport_width", "viewport_height", "position"]
MEASURES = ["watch_duration", "completion_rate", "quantity", "price"]
# What the collector says of its browser.
CONTEXT = {
    "context.os": "Linux",
    "context.browser": "Chrome",
    "context.device_type": "desktop",
    "context.ip": "127.0.0.0",
    "context.is_bot": False,
}
ABSENT: dict[str, Any] = {**dict.fromkeys(TEXTS, ""), **dict.fromkeys(PLACES, -1), **dict.fromkeys(MEASURES, 0)}
# What the visitor does, by the names of the events.
DONE = {
    "pageview",
    "impression",
    "click",
    "view",
    "like",
    "add_cart",
    "order",
    "share",
    "coupon_apply",
    "scroll",
    "dwell",
}


def first_node(pipeline: Pipeline) -> str:
    return pipeline.urls.split(";")[0]


@pytest.fixture
def shop(pipeline: Pipeline, tmp_path: Path) -> Iterator[Site]:
    """The shop in front of the jobs that store events and rank items."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisProcess(folder) as redis:
        # One node: the analytics ask one for all rows, or a cluster.
        sink = pipeline.submit({"CLICKHOUSE_URLS": first_node(pipeline)})
        jobs = [sink, pipeline.submit({"REDIS_URL": redis.url}, job=HOT)]
        collector = tmp_path / "collector"
        with site(pipeline.topics, pipeline.behaviors, pipeline.rejected, redis, collector) as running:
            for job in jobs:
                job.wait_running()
            yield running
        for job in jobs:
            job.cancel()


def expected(made: dict[str, Any]) -> dict[str, Any]:
    """The row of an event."""
    action = made["action_type"]
    return {
        **ABSENT,
        **CONTEXT,
        **{name: value for name, value in made.items() if name in ABSENT},
        "tenant_id": TENANT,
        "action_type": action,
        "event_name": made.get("event_name", action),
        "timestamp": made["timestamp"],
        "completion_rate": pytest.approx(made.get("completion_rate", 0), abs=1e-6),
        "extra_data": made.get("extra_data", {}),
    }


def stored(pipeline: Pipeline) -> dict[str, list[dict[str, Any]]]:
    """All rows by event_id."""
    columns = {
        "tenant_id": "tenant_id",
        "action_type": "toString(action_type)",
        "event_name": "event_name",
        "timestamp": "toUnixTimestamp64Milli(timestamp)",
        **{name: name for name in (*CONTEXT, *ABSENT)},
    }
    found: dict[str, list[dict[str, Any]]] = {}
    query = f"SELECT event_id, extra_data, {', '.join(columns.values())} FROM user_behaviors_local"
    for event_id, extra, *values in pipeline.nodes.rows(query):
        row = dict(zip(columns, values, strict=True))
        found.setdefault(event_id, []).append({**row, "extra_data": json.loads(extra or "{}")})
    return found


def buy(somebody: Visitor, item: str) -> None:
    """The list is seen, scrolled and clicked; the product is viewed, put into the cart, liked and ordered."""
    page = somebody.page
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    somebody.wait_made("impression", 2)
    page.click(f"#hot [data-cs-item={item}] a")
    page.wait_for_selector("#product")
    somebody.wait_made("view", 1)
    page.click("#product .buy")
    page.click("#product [data-cs-action=like]")
    page.click("#cart")
    page.wait_for_selector("#order:enabled")
    page.click("#order")
    somebody.wait_made("order", 1)
    assert page.text_content("h1") == "Thank you"


def follow_the_banner(somebody: Visitor) -> str:
    """The banner is seen and clicked; its creative."""
    page = somebody.page
    seen = somebody.count_made("impression")
    page.click("#home")
    page.wait_for_selector("aside")
    somebody.wait_made("impression", seen + 1)
    creative = page.get_attribute("aside a", "data-cs-item")
    assert creative
    page.click("aside a")
    page.wait_for_selector("#product")
    somebody.wait_until(TRACKED)
    return creative


def banners(pipeline: Pipeline, folder: Path) -> list[dict[str, Any]]:
    """What the analytics answer when they are asked which creative is clicked most."""
    tokens = folder / "tokens.yaml"
    token = add_token(tokens, "shop", [TENANT], [Role.READ])
    settings = AnalyticsSettings(tokens_file=tokens)
    warehouse = Warehouse(ClickHouseSettings(urls=first_node(pipeline)), settings)
    with (
        running(Services(settings, Tokens(tokens), warehouse, None, SystemClock())) as address,
        Client(address, token) as client,
    ):
        found: list[dict[str, Any]] = client.get("items", scenario_id="banner", sort="clicks")["distribution"]
        return found


def lose_the_network(somebody: Visitor) -> None:
    """The tab lies behind another for a while; the network goes away, the page is reloaded, the network is back."""
    page = somebody.page
    page.click("#home")
    page.wait_for_selector("#hot")
    somebody.wait_until(f"{TRACKED} && performance.now() > 1500")
    dwelt = somebody.count_made("dwell")
    somebody.hide(True)
    somebody.wait_made("dwell", dwelt + 1)
    somebody.hide(False)
    somebody.offline(True)
    viewed = somebody.count_made("pageview")
    page.click("#tabs [data-category=light]")
    somebody.wait_made("pageview", viewed + 1)
    page.evaluate("clickstream.track('share', { item_id: 'desk', position: 3 })")
    page.evaluate("clickstream.flush()")
    with pytest.raises(BrowserError, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()
    somebody.offline(False)
    somebody.goto("/p/desk")
    somebody.wait_until("clickstream.status().queued === 0")


def lose_the_collector(somebody: Visitor, shop: Site) -> None:
    """The collector is away while a page ends; the next one brings what it left."""
    shop.collector.stop()
    somebody.page.evaluate("clickstream.track('coupon_apply', { code: 'X' })")
    somebody.leave()
    shop.collector.start()
    somebody.goto("/cart")
    somebody.wait_until("clickstream.status().queued === 0")


def test_every_event_of_a_visit_is_stored_once_as_the_page_made_it_and_moves_the_hot_list(
    window: Browser, shop: Site, pipeline: Pipeline, tmp_path: Path, screenshot: Callable[[Page, str], Path]
) -> None:
    watching, somebody = Visitor(apart(window), shop), Visitor(window.contexts[0], shop)
    watching.goto("/")
    screenshot(watching.page, "before")
    somebody.goto("/")
    last = somebody.items("#hot > li")[-1]
    buy(somebody, last)
    # Somebody else's page, which was there all the time, shows it: a click, a view, a like, the cart, an order.
    wait_for(
        lambda: watching.top()[0] == last and watching.top()[1] > 20,
        60,
        lambda: f"{last} on top: {watching.top()}",
        pause=0.2,
    )
    watching.page.wait_for_timeout(500)  # the row is on its way
    screenshot(watching.page, "after")
    creative = follow_the_banner(somebody)
    lose_the_network(somebody)
    lose_the_collector(somebody, shop)

    for each in (somebody, watching):
        each.leave()  # what the end of a page reports goes along with it: no page follows
    done = [event.get("event_name", event["action_type"]) for event in somebody.made().values()]
    assert {*done} == DONE
    made = {**somebody.made(), **watching.made()}
    wait_for(lambda: stored(pipeline).keys() >= made.keys(), 60, lambda: f"{made.keys() - stored(pipeline).keys()}")
    for each in (somebody, watching):
        each.close()
    rows = stored(pipeline)
    assert {event_id: len(found) for event_id, found in rows.items() if len(found) > 1} == {}, "each once"
    assert rows.keys() == made.keys(), "nothing that no page made"
    for event_id, event in made.items():
        assert rows[event_id][0] == expected(event)
    shown = [event for event in made.values() if event["scenario_id"] == "banner" and event.get("item_id") == creative]
    counted = {action: sum(event["action_type"] == action for event in shown) for action in ("impression", "click")}
    (winner,) = banners(pipeline, tmp_path)
    assert (winner["label"], winner["impressions"], winner["clicks"]) == (creative, counted["impression"], 1)
