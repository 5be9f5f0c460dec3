"""Debian's Chromium, and a folder for what it looked like."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.kit.servers import REPOSITORY

CHROMIUM = shutil.which("chromium")  # `make chromium` sees to it
SCREENSHOTS = REPOSITORY / ".devstack" / "screenshots"


# Not for the whole session: while it is there, playwright has an event loop that runs in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "no chromium on PATH: make chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


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
