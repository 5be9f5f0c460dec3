"""The shop as a process on a real Redis, asked without a browser."""

import re
import time
from collections.abc import Iterator, Mapping

import httpx
import pytest

from clickstream.config import RedisSettings
from clickstream.config.hot import HotSettings
from clickstream.places import Place
from clickstream.scoring.bucket import HotWrite
from clickstream.scoring.rule import RuleBook
from shop.catalogue import CREATIVES, PRODUCTS, SCENARIO, TENANT
from sinks.redis.client import connect
from sinks.redis.hot_items import QueueHotItems
from sinks.redis.writer import RedisWriter
from tests.kit.redis import RedisProcess
from tests.kit.shop import ShopProcess
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.net, pytest.mark.timeout(120)]
COLLECTOR, KEY = "http://collector.example:8003", 'cs_"key"'


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def shop(redis: RedisProcess) -> Iterator[httpx.Client]:
    with ShopProcess(f"{COLLECTOR}/", KEY, redis.url) as process:
        yield process.client


def heat(redis: RedisProcess, scores: Mapping[str, float]) -> None:
    """Write scores as of now, as the job does."""
    place, settings = Place(TENANT, SCENARIO), RedisSettings()
    rule = RuleBook(HotSettings()).rule(place)
    written = {item: score + time.time() / 3600 for item, score in scores.items()}
    writer: RedisWriter[HotWrite] = RedisWriter(
        lambda: connect(redis.url, settings), QueueHotItems(settings.keys, 500), settings.policy
    )
    assert not writer.write([HotWrite(place, rule, written, True, 1)], 10)
    writer.close()


def listed(page: str) -> list[str]:
    return re.findall(r'<li data-cs-item="([^"]+)"', page)


def test_the_list_stands_as_redis_has_it_and_says_all_in_attributes(shop: httpx.Client, redis: RedisProcess) -> None:
    heat(redis, {"desk": 3.0, "bench": 2.0, "not-sold-here": 9.0})
    page = shop.get("/").text
    rest = [item for item in PRODUCTS if item not in {"desk", "bench"}]
    assert listed(page) == ["desk", "bench", *rest]
    assert re.search(r'<ol id="hot" data-cs-list data-cs-request="r-[0-9a-f]{16}" data-cs-scenario="shop"', page)
    assert re.search(r'data-cs-experiment="buy-button" data-cs-group="(plain|bold)"', page)
    assert page.count('data-cs-action="add_cart" data-cs-quantity="1" data-cs-price="') == len(PRODUCTS)
    banner = re.search(r'<aside data-cs-scenario="banner"><a data-cs-item="([^"]+)" href="/p/([^"]+)">', page)
    assert banner
    assert CREATIVES[banner[1]].leads_to == banner[2]

    heat(redis, {"bench": 4.0, "desk": 3.0})
    answer = shop.get("/api/hot")
    found = answer.json()["items"]
    assert [each["item_id"] for each in found[:2]] == ["bench", "desk"]
    assert [each["score"] for each in found[:2]] == pytest.approx([16, 8], rel=0.01)
    assert answer.headers["cache-control"] == "no-store"


def test_the_tag_is_the_whole_installation(shop: httpx.Client) -> None:
    answer = shop.get("/")
    tag = re.search(r"<script src=\"([^\"]+)\" data-key=\"([^\"]+)\" data-scenario=\"shop\" +defer async>", answer.text)
    assert tag
    assert (tag[1], tag[2]) == (f"{COLLECTOR}/tracker.js", "cs_&quot;key&quot;"), "what is put into a page is escaped"
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' {COLLECTOR};" in policy
    assert policy.endswith(f"connect-src 'self' {COLLECTOR}")
    assert answer.headers["cache-control"] == "private, no-cache", "a browser may bring the page back as it was left"
    assert "<script>" not in answer.text, "nothing stands in the page that the policy forbids"
    assert not re.search(r"\son[a-z]+=|style=", answer.text)


def test_who_wants_nothing_kept_gets_no_cookie_and_every_page_hands_that_on(shop: httpx.Client) -> None:
    shop.cookies.clear()
    group = re.search(r'data-cs-group="([^"]+)"', shop.get("/").text)
    assert group
    assert shop.cookies["shop_group"] == group[1]
    assert f'data-group="{group[1]}"' in shop.get("/p/desk").text, "a visitor stays in one group"
    shop.cookies.clear()
    for privacy, attribute in (("cookieless", " data-cookieless "), ("consent", ' data-consent="required" ')):
        for path in ("/", "/p/desk", "/cart"):
            answer = shop.get(path, params={"privacy": privacy})
            assert attribute in answer.text
            assert "set-cookie" not in answer.headers
            links = re.findall(r'href="(/(?:p/[^"]+|cart[^"]*|(?:\?[^"]*)?))"', answer.text)
            assert len(links) >= 2
            assert all(link.endswith(f"?privacy={privacy}") for link in links), links
    assert shop.get("/", params={"privacy": "everything"}).status_code == 422


def test_a_product_has_its_page_and_every_item_its_picture(shop: httpx.Client) -> None:
    page = shop.get("/p/round-table").text
    assert '<main id="product" data-cs-view="round-table">' in page
    assert "510 EUR" in page
    assert len(listed(page)) == 4
    assert "round-table" not in listed(page)
    for item in (*PRODUCTS, *CREATIVES):
        answer = shop.get(f"/picture/{item}.svg")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    for file in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert shop.get(file).is_success, file
    assert shop.get("/p/umbrella").status_code == 404
    assert shop.get("/picture/umbrella.svg").status_code == 404


def test_without_redis_there_are_pages_and_the_list_says_why_it_is_not_live(
    shop: httpx.Client, redis: RedisProcess
) -> None:
    redis.stop()
    try:
        assert listed(shop.get("/").text) == list(PRODUCTS)
        assert shop.get("/p/desk").is_success
        answer = shop.get("/api/hot")
        assert answer.status_code == 503
        assert "Redis does not answer" in answer.json()["reason"]
    finally:
        redis.start()
    wait_for(lambda: shop.get("/api/hot").is_success, 30, "the list is live again")
