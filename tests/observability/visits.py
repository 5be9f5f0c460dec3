"""Visitors of a shop, one request after the other, from a thread of its own: right ones and some of all that is not."""

import secrets
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_PAUSE_SECONDS = 0.05


class Visits:
    """Sends while it is entered.

    Args:
        url: of the collector.
        key: a write key of it.
    """

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"X-Write-Key": key}, timeout=60)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="visits")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Send nothing more. Safe to repeat.

        Raises:
            AssertionError: a request was not answered as it should be.
        """
        self._stop.set()
        self._thread.join()
        self._client.close()
        if self._failure is not None:
            raise AssertionError("a visit failed") from self._failure

    def send(self, *events: dict[str, Any]) -> None:
        """Send some of one's own; each must be taken."""
        answer = self._client.post("/api/v1/behaviors", json=list(events))
        assert (answer.status_code, answer.json()["rejected"]) == (202, []), answer.text

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                for path, expected, options in _requests():
                    if self._stop.wait(_PAUSE_SECONDS):
                        return
                    answer = self._client.request("GET" if path == "/t.gif" else "POST", path, **options)
                    assert answer.status_code == expected, (path, answer.status_code, answer.text)
        except BaseException as error:  # told by end(), in the thread that asks
            self._failure = error


def click(**fields: Any) -> dict[str, Any]:
    """A valid event of now."""
    return {
        "event_id": secrets.token_hex(8),
        "user_id": f"visitor-{secrets.randbelow(100)}",
        "scenario_id": "home",
        "item_id": f"item-{secrets.randbelow(100)}",
        "action_type": "click",
        "timestamp": int(time.time() * 1000),
        **fields,
    }


def _requests() -> Iterator[tuple[str, int, dict[str, Any]]]:
    behaviors = "/api/v1/behaviors"
    yield behaviors, 202, {"json": [click() for _ in range(5)]}
    yield behaviors, 202, {"json": [click(), click(action_type="teleport")]}
    yield behaviors, 202, {"json": click(), "headers": {"User-Agent": ROBOT}}
    yield behaviors, 202, {"json": click(), "headers": {"DNT": "1"}}
    yield behaviors, 401, {"json": click(), "headers": {"X-Write-Key": "cs_nobody's"}}
    yield "/t.gif", 200, {"params": {"user_id": "visitor-1", "scenario_id": "home"}}
