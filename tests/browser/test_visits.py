"""Visits that take a turn, in a real Chromium: told to wait, given a name and forgotten, back on a page once left."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.site import SLOW_KEY, SLOW_TENANT, Site, by_page_view, impressions
from tests.browser.visitor import LIKE, RECORDER, TRACKED, Visitor, apart
from tests.kit.shop import ShopProcess

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
# Notes what the page is answered: status, seconds after which it may come again; and when it asked and was answered.
ANSWERS = """
const ask = window.fetch;
window.answers = [];
window.fetch = async (...given) => {
  const asked = performance.now();
  const answer = await ask(...given);
  const after = Number(answer.headers.get("Retry-After"));
  if (given[1]?.method === "POST") answers.push({ status: answer.status, after, asked, answered: performance.now() });
  return answer;
};
"""


@pytest.fixture
def slow(shop: Site) -> Iterator[Site]:
    """The same with pages of a tenant who may send little. Its pages have no list, and so no need of a Redis."""
    with ShopProcess(shop.collector.url, SLOW_KEY, "redis://127.0.0.1:1", SLOW_TENANT) as process:
        yield replace(shop, shop=process)


def test_who_is_told_to_wait_waits_so_long_and_loses_nothing(browser: Browser, slow: Site) -> None:
    somebody = Visitor(apart(browser), slow, RECORDER + ANSWERS)
    page = somebody.page
    somebody.goto("/cart")
    user = somebody.status()["userId"]
    # With the page view two full batches.
    page.evaluate(f"() => {{ for (let count = 0; count < 19; count++) {LIKE}; }}")
    somebody.wait_until("clickstream.status().queued === 0")
    answers = page.evaluate("answers")
    told = [each["status"] for each in answers]
    assert told[:2] == [202, 429], "the first ten are within what the key may send, ten more are not"
    assert {*told} == {202, 429}
    for refused, next_ in pairwise(answers):
        if refused["status"] == 429:
            assert refused["after"] >= 1, "a page may read how long"
            # A timer counts whole milliseconds.
            assert next_["asked"] - refused["answered"] > refused["after"] * 1000 - 2
    made = somebody.made().keys()
    assert len(made) >= 20
    slow.arrived(made)
    sent = [event["event_id"] for event in slow.sent() if event["user_id"] == user]
    assert sorted(sent) == sorted(made), "each is stored, and stored once"
    assert somebody.status()["dropped"] == somebody.status()["rejected"] == 0
    somebody.close()


def test_a_name_goes_along_from_when_it_is_given_until_it_is_forgotten(
    shop: Site, visitor: Callable[..., Visitor]
) -> None:
    somebody = visitor()
    page = somebody.page
    somebody.goto("/p/desk")
    anonymous = somebody.status()["userId"]
    page.evaluate("clickstream.identify('u-42')")
    page.evaluate(LIKE)
    somebody.goto("/cart")
    assert somebody.status()["userId"] == "u-42", "a later page knows the name"
    page.evaluate(LIKE)
    page.evaluate("clickstream.reset()")
    page.evaluate(LIKE)
    stranger = somebody.status()["userId"]
    assert stranger not in {anonymous, "u-42"}
    somebody.goto("/p/desk")
    assert somebody.status()["userId"] == stranger, "a later page knows no more of it"
    somebody.leave()

    events = shop.arrived(somebody.made().keys())
    parts = {user: list(of) for user, of in groupby(events, lambda event: event["user_id"])}
    assert list(parts) == [anonymous, "u-42", stranger]
    before, named, after = parts.values()
    assert [named[0]["event_name"], named[0]["action_type"]] == ["identify", "custom"]
    assert {event["extra_data"]["anonymous_id"] for event in named} == {anonymous}, (
        "it joins the name to what was before"
    )
    assert not any("anonymous_id" in event.get("extra_data", {}) for event in before + after)
    sessions = [{event["session_id"] for event in part} for part in (before, named, after)]
    assert sessions[0] == sessions[1]
    assert len(sessions[0]) == len(sessions[2]) == 1
    assert sessions[0] != sessions[2], "somebody else's visit"
    assert [event["action_type"] for event in events].count("like") == 3


def test_a_page_that_is_brought_back_as_it_was_left_is_viewed_anew_once_and_loses_nothing(
    shop: Site, window: Browser
) -> None:
    somebody = Visitor(window.contexts[0], shop)
    page = somebody.page
    somebody.goto("/p/desk")
    user = somebody.status()["userId"]
    page.evaluate("document.kept = true")
    seen = len(somebody.items("#also > li"))
    somebody.wait_made("impression", seen)
    page.evaluate(LIKE)
    page.click("#cart")
    somebody.wait_until(f"location.pathname === '/cart' && {TRACKED}")
    page.evaluate("history.back()")
    somebody.wait_until("document.kept === true")  # no new document: this one was kept, with all that it had
    somebody.wait_made("impression", 2 * seen)
    page.evaluate(LIKE)
    somebody.wait_until("clickstream.status().queued === 0")
    somebody.leave()

    made = somebody.made()
    events = shop.arrived(made.keys())
    assert {event["user_id"] for event in events} == {user}
    first, cart, again = by_page_view(events)
    for view, path in ((first, "/p/desk"), (cart, "/cart"), (again, "/p/desk")):
        assert {urlsplit(event["url"]).path for event in view} == {path}
    for view in (first, again):
        names = [event["event_name"] for event in view]
        assert [names.count(name) for name in ("pageview", "view", "like", "click")] == [1, 1, 1, view is first], names
        assert len({*impressions(view, "shop-also")}) == len(impressions(view, "shop-also")) == seen
    assert again[0].get("referrer") == first[0].get("referrer")
    dwelt = [event for event in events if event["event_name"] == "dwell"]
    assert [each["extra_data"]["page_view"] for each in dwelt if each.get("item_id") == "desk"] == [
        first[0]["event_id"],
        again[0]["event_id"],
    ]
    somebody.close()
