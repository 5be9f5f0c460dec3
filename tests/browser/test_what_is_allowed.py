"""The tracker in a real Chromium, on the shop's pages: what it reports, and what it leaves alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from shop.catalogue import PRODUCTS
from tests.browser.site import Site, by_page_view, impressions
from tests.browser.visitor import LIKE, TRACKED, Visitor
from tests.kit.collector import TENANT

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
# Events wait two seconds for others: what has not been sent by then is not going to be.
PATIENCE = "performance.now() > 3500"


def test_what_is_seen_counts_once_a_page_view_and_what_ends_with_a_page_arrives(
    shop: Site, visitor: Callable[..., Visitor], screenshot: Callable[[Page, str], Path]
) -> None:
    somebody = visitor()
    page = somebody.page
    somebody.goto("/")
    user = somebody.status()["userId"]
    at_first = somebody.in_view("#hot > li")
    assert 1 < len(at_first) < len(PRODUCTS), "some rows are below the window"
    somebody.wait_made("impression", len(at_first) + 1)
    screenshot(page, "home")
    for to in ("document.body.scrollHeight", "0", "document.body.scrollHeight"):
        page.evaluate(f"scrollTo(0, {to})")
        page.wait_for_timeout(300)  # shorter than an impression
    somebody.wait_made("impression", len(PRODUCTS) + 1)
    page.evaluate("scrollTo(0, 0)")

    page.click("#tabs [data-category=seats]")  # the History API: no document is loaded
    seats = somebody.items("#hot > li")
    somebody.wait_made("impression", len(PRODUCTS) + 1 + len(seats) + 1)
    page.go_back()
    somebody.wait_made("pageview", 3)

    page.click("#hot a >> nth=1")
    page.wait_for_selector("#product")
    somebody.wait_until(TRACKED)
    page.evaluate("document.getElementById('clip').play()")
    somebody.wait_until("document.getElementById('clip').currentTime > 1.2")
    screenshot(page, "product")
    somebody.leave()  # nobody is there to send it again: what the page's end reports goes along with it
    video = shop.wait("video", 1, user)[0]

    views = by_page_view(shop.events(user))
    first, category, back, product = views
    assert sorted(impressions(first, "shop")) == sorted(zip(PRODUCTS, range(12), strict=True)), "each row once"
    assert len(impressions(first, "banner")) == 1
    assert sorted(impressions(category, "shop")) == sorted((item, slot) for slot, item in enumerate(seats))
    assert category[0]["url"].endswith("/?category=seats")
    assert category[0]["referrer"] == first[0]["url"] == back[0]["url"]
    assert category[0]["title"] == "Shop: seats"
    item = list(PRODUCTS)[1]
    click = next(event for event in back if event["event_name"] == "click")
    assert click.items() >= {"item_id": item, "position": 1, "tenant_id": TENANT, "scenario_id": "shop"}.items()
    seen = next(event for event in first if event["event_name"] == "impression" and event["item_id"] == item)
    assert click["request_id"] == seen["request_id"], "an impression and its click name the same list"
    assert click["experiment_group"] in {"plain", "bold"}
    assert [(event["item_id"], event["title"]) for event in product if event["event_name"] == "view"] == [
        (item, PRODUCTS[item].name)
    ]
    assert video.items() >= {"item_id": item, "element_id": "clip"}.items()
    assert 1 <= video["watch_duration"] <= 10
    assert 0 < video["completion_rate"] < 1
    dwell = next(event for event in product if event["event_name"] == "dwell")
    assert dwell["item_id"] == item
    assert dwell["extra_data"]["page_view"] == product[0]["event_id"]
    assert {event["session_id"] for view in views for event in view} == {first[0]["session_id"]}


def test_without_cookies_nothing_is_kept_and_events_are_sent_once(shop: Site, visitor: Callable[..., Visitor]) -> None:
    somebody = visitor("")
    users, likes = [], []
    for _ in range(2):
        somebody.goto("/p/desk?privacy=cookieless")
        users.append(somebody.status()["userId"])
        likes.append(somebody.page.evaluate(LIKE))
        assert (somebody.kept(), somebody.cookies()) == ([], [])
        somebody.leave()
    for user in users:
        shop.wait("like", 1, user)
    sent = [event["event_id"] for event in shop.sent()]
    assert [sent.count(like) for like in likes] == [1, 1], "nothing remembers to send it again"
    assert users[0] != users[1], "nothing tells that it is the same visitor"


def test_nothing_is_collected_before_consent_or_against_a_refusal(
    shop: Site, visitor: Callable[..., Visitor], screenshot: Callable[[Page, str], Path]
) -> None:
    asked, refusing = visitor(""), visitor("")
    signalling = visitor("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });")
    asked.goto("/?privacy=consent")
    refusing.goto("/?privacy=consent")
    signalling.goto("/")
    for each in (asked, refusing, signalling):
        each.wait_until(PATIENCE)
        assert (each.posted, each.kept()) == ([], [])
    assert (asked.status()["consent"], signalling.status()["consent"]) == ("pending", "denied")
    assert asked.status()["queued"] > 0, "it waits in the page's memory"
    assert asked.cookies() == []
    screenshot(asked.page, "asked")

    asked.page.click("#accept")
    user = asked.status()["userId"]
    first = shop.wait("pageview", 1, user)[0]
    assert first["event_name"] == "pageview"
    assert shop.wait("impression", 1, user)
    assert all(url.endswith("&consent=1") for url in asked.posted)
    assert "cs-consent" in asked.kept()

    refusing.page.click("#refuse")
    assert refusing.page.evaluate(LIKE) is None
    assert (refusing.status()["consent"], refusing.status()["queued"]) == ("denied", 0)
    for each in (refusing, signalling):
        each.leave()
        assert each.posted == []
    refusing.goto("/?privacy=consent")
    assert refusing.status()["consent"] == "denied", "it is not asked again"
    assert refusing.kept() == ["cs-consent"]
