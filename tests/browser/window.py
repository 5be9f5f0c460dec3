"""A browser as a person has it: tabs that lie behind others are hidden, and pages come back as they were left.

Started by Playwright itself a browser takes every tab for the one in front, and keeps no page to come back to. So it is
started here, and Playwright is told to leave the first of its contexts as it is; others are as always.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.kit.waiting import wait_for

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@contextmanager
def window(playwright: Playwright, chromium: str, folder: Path) -> Iterator[Browser]:
    """Start it, and end it; `contexts[0]` is what is said above.

    Args:
        playwright: started.
        chromium: path of the program.
        folder: for its profile and what it prints.
    """
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
        yield playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True)
    finally:
        process.terminate()
        process.wait(30)
