"""Somebody with a browser of their own: what they did, as their browser remembers it, and what left it."""

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, ViewportSize
from playwright.sync_api import Error as BrowserError

from tests.browser.site import Site
from tests.kit.waiting import wait_for

# Notes every event that the tracker puts into its queue, over all pages of this visitor.
RECORDER = """
const set = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, value) {
  set.call(this, key, value);
  if (!key.startsWith("cs:q:")) return;
  const made = JSON.parse(this.getItem("made") ?? "{}");
  for (const event of JSON.parse(value)) made[event.event_id] = event;
  set.call(this, "made", JSON.stringify(made));
};
"""
VIEWPORT: ViewportSize = {"width": 1000, "height": 800}
# Rows of a list of which half can be seen, as the page's items.
IN_VIEW = """selector => [...document.querySelectorAll(selector)].filter(row => {
  const { top, bottom, height } = row.getBoundingClientRect();
  return Math.min(bottom, innerHeight) - Math.max(top, 0) >= height / 2;
}).map(row => row.dataset.csItem)"""
ITEMS = "selector => [...document.querySelectorAll(selector)].map(row => row.dataset.csItem)"
TOP = """() => {
  const row = document.querySelector("#hot > li");
  return [row.dataset.csItem, Number(row.querySelector(".score").textContent)];
}"""
TRACKED = "window.clickstream?.status !== undefined"
LIKE = "clickstream.track('like', { item_id: 'desk' })"
KEPT = "Object.keys(localStorage).filter(key => key !== 'made').sort()"


def apart(browser: Browser) -> BrowserContext:
    """Storage and cookies of somebody who has not been here before."""
    agent = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{browser.version} Safari/537.36"
    return browser.new_context(user_agent=agent, viewport=VIEWPORT)


class Visitor:
    """One page. Call close.

    Args:
        context: whose storage and cookies it has; nobody else uses it meanwhile.
        site: to visit.
        script: run in each page before its own.
    """

    def __init__(self, context: BrowserContext, site: Site, script: str = RECORDER) -> None:
        self._context = context
        self._context.add_init_script(script)
        self._site = site
        self._front: Page | None = None
        self.errors: list[str] = []
        self.posted: list[str] = []
        self.page: Page = self._context.new_page()
        self.page.set_viewport_size(VIEWPORT)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._requested)

    def close(self) -> None:
        """Close the page; nothing in the pages may have failed."""
        self.page.close()
        assert self.errors == []

    def goto(self, path: str) -> None:
        """Load a page of the shop, and wait until the tracker is there."""
        self.page.goto(self._site.shop.url + path)
        self.wait_until(TRACKED)

    def wait_until(self, expression: str) -> None:
        """Wait until something holds on the page. (Playwright's own way is forbidden by the page's policy.)"""
        wait_for(lambda: self._holds(expression), 30, lambda: f"{expression} on {self.page.url}", pause=0.05)

    def _holds(self, expression: str) -> bool:
        try:
            return bool(self.page.evaluate(expression))
        except BrowserError as error:
            if "context was destroyed" in str(error):  # the page has just gone, and another comes
                return False
            raise

    def leave(self) -> None:
        """Go where no tracker is, but what the browser keeps for the shop can be asked."""
        self.page.goto(self._site.shop.url + "/healthz")

    def hide(self, hidden: bool) -> None:
        """Put another tab in front of the page's, or take it away. Works in a window only, see window.py."""
        if hidden:
            self._front = self._context.new_page()
            self._front.bring_to_front()
        elif self._front is not None:
            self._front.close()
            self.page.bring_to_front()
        self.wait_until(f"document.hidden === {str(hidden).lower()}")

    def offline(self, away: bool) -> None:
        """Take the network away, or give it back."""
        self._context.set_offline(away)

    def status(self) -> dict[str, Any]:
        """What the tracker says of itself."""
        found: dict[str, Any] = self.page.evaluate("clickstream.status()")
        return found

    def made(self) -> dict[str, dict[str, Any]]:
        """Every event that this visitor's pages made, by id; to be asked on a page of the shop."""
        found: dict[str, dict[str, Any]] = self.page.evaluate("JSON.parse(localStorage.getItem('made') ?? '{}')")
        return found

    def count_made(self, name: str) -> int:
        """How many events of an action, or of a custom event's name, the pages have made."""
        return sum((each.get("event_name") or each["action_type"]) == name for each in self.made().values())

    def wait_made(self, name: str, count: int) -> None:
        """Wait until the pages have made so many events of an action, or of a custom event's name."""
        wait_for(lambda: self.count_made(name) >= count, 30, lambda: f"{count} {name} in {self.made()}", pause=0.05)

    def items(self, selector: str) -> list[str]:
        """The items of a list, in the order on the page."""
        found: list[str] = self.page.evaluate(ITEMS, selector)
        return found

    def top(self) -> tuple[str, float]:
        """The first of the hot list and its score, as the page shows them."""
        found = self.page.evaluate(TOP)
        return str(found[0]), float(found[1])

    def in_view(self, selector: str) -> list[str]:
        """Those of them that can be seen."""
        found: list[str] = self.page.evaluate(IN_VIEW, selector)
        return found

    def kept(self) -> list[str]:
        """Keys in localStorage."""
        found: list[str] = self.page.evaluate(KEPT)
        return found

    def cookies(self) -> list[str]:
        """Names of cookies."""
        return [str(each["name"]) for each in self._context.cookies()]

    def _requested(self, request: Request) -> None:
        if request.method == "POST" and request.url.startswith(self._site.collector.url):
            self.posted.append(request.url)
