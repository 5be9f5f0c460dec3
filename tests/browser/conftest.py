"""Debian's Chromium, a folder for what it looked like, and a shop to visit."""

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser import window as windows
from tests.browser.site import Site, site
from tests.browser.visitor import Visitor, apart
from tests.kit.broker import broker
from tests.kit.kafka import Topics
from tests.kit.redis import RedisProcess
from tests.kit.servers import REPOSITORY

CHROMIUM = shutil.which("chromium")  # `make chromium` sees to it
MISSING = "no chromium on PATH: make chromium"
SCREENSHOTS = REPOSITORY / ".devstack" / "screenshots"


# Not for the whole session: while it is there, playwright has an event loop that runs in this thread.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    assert CHROMIUM, MISSING
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture
def window(playwright: Playwright, tmp_path: Path) -> Iterator[Browser]:
    """A browser whose first context has a window: see window.py."""
    assert CHROMIUM, MISSING
    with windows.window(playwright, CHROMIUM, tmp_path / "window") as started:
        yield started


@pytest.fixture
def screenshot(request: pytest.FixtureRequest) -> Callable[[Page, str], Path]:
    """Keeps what a page looks like as .devstack/screenshots/TEST/NAME.png; the path."""
    folder = SCREENSHOTS / re.sub(r"[^a-zA-Z0-9_-]+", "-", request.node.name)
    shutil.rmtree(folder, ignore_errors=True)

    def take(page: Page, name: str) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take


@pytest.fixture(scope="package")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The shop, without any job behind it."""
    folder = Path(request.config.option.servers) / "browser"
    with broker(folder, keep=request.config.option.keep_servers) as kafka, closing(Topics(kafka.bootstrap)) as topics:
        topic = f"b{secrets.token_hex(4)}"
        rejected = f"{topic}-rejected"
        topics.make({topic: 3, rejected: 1})
        with (
            RedisProcess(tmp_path_factory.mktemp("redis")) as redis,
            site(topics, topic, rejected, redis, tmp_path_factory.mktemp("collector")) as running,
        ):
            yield running


@pytest.fixture
def visitor(browser: Browser, shop: Site) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors; arguments are those of Visitor behind the site."""
    made: list[Visitor] = []

    def make(*script: str) -> Visitor:
        made.append(Visitor(apart(browser), shop, *script))
        return made[-1]

    yield make
    for each in made:
        each.close()
