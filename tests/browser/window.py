"""A browser as a person has it: tabs that lie behind others are hidden, and pages come back as they were left.

Started by Playwright itself a browser takes every tab for the one in front, and keeps no page to come back to. So it is
started here, and Playwright is told to leave the first of its contexts as it is; others are as always.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, TimeoutError

from tests.kit.waiting import wait_for

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


CONNECT_MS = 10_000
STARTS = 3


@contextmanager
def window(playwright: Playwright, chromium: str, folder: Path) -> Iterator[Browser]:
    """Start it, and end it; `contexts[0]` is what is said above.

    Args:
        playwright: started.
        chromium: path of the program.
        folder: for its profile and what it prints.
    """
    folder.mkdir()
    # Where Playwright comes upon the first page while that is being made, it waits for it for ever
    # (microsoft/playwright#35928): it is given another browser then.
    for start in range(STARTS):
        with _started(chromium, folder / str(start)) as address:
            try:
                browser = playwright.chromium.connect_over_cdp(address, no_defaults=True, timeout=CONNECT_MS)
            except TimeoutError:
                if start == STARTS - 1:
                    raise
                continue
            yield browser
            return


@contextmanager
def _started(chromium: str, folder: Path) -> Iterator[str]:
    folder.mkdir()
    profile, printed = folder / "profile", folder / "chromium.log"
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--no-first-run",
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",  # a free one, which it writes down
        f"--user-agent={AGENT}",
        "--window-size=1000,1000",
    ]
    told = profile / "DevToolsActivePort"
    with printed.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: told.exists() and told.read_text().count("\n"), 30, lambda: printed.read_text()[-2000:])
        port = told.read_text().split("\n")[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
