"""The process behind Visitors: posts events to the collector, each until it is accepted. It ends with its parent."""

import argparse
import http.client
import json
import signal
import sys
import time
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import msgspec

from clickstream.errors import ClickstreamError, ContractError
from devstack.demo.parent import end_with
from devstack.demo.visitors import Posted, given_key

BATCH_SECONDS = 0.5
RETRY_SECONDS = 0.5
ANSWER_SECONDS = 30.0
USERS, ITEMS = 500, 2_000
# One visit: what a page shows, and what comes of it.
_VISIT = ("pageview", "impression", "impression", "click", "view", "like", "add_cart", "order")
_AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537"
)


class Posting:
    """Sends batches over one connection.

    Args:
        url: the collector's address.
        key: a write key.
        prefix: of event ids.
    """

    def __init__(self, url: str, key: str, prefix: str) -> None:
        parts = urlsplit(url)
        self._at = (parts.hostname or "", parts.port or 80)
        self._headers = {"Content-Type": "application/json", "User-Agent": _AGENT, "X-Write-Key": key}
        self._prefix = prefix
        self._connection: http.client.HTTPConnection | None = None
        self._events = self._repeated = 0

    @property
    def posted(self) -> Posted:
        """What was accepted so far."""
        return Posted(self._events, self._repeated)

    def send(self, count: int) -> None:
        """Send so many events, again and again until they are accepted.

        Raises:
            ContractError: the collector refuses what is right, or the key.
        """
        numbers = range(self._events, self._events + count)
        body = json.dumps([event(self._prefix, number, int(time.time() * 1000)) for number in numbers]).encode()
        while not self._accepted(body, count):
            self._repeated += 1
            time.sleep(RETRY_SECONDS)
        self._events += count

    def _accepted(self, body: bytes, count: int) -> bool:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(*self._at, timeout=ANSWER_SECONDS)
            self._connection.request("POST", "/api/v1/behaviors", body, self._headers)
            with self._connection.getresponse() as answer:
                status, said = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._close()
            return False
        if status == 202 and json.loads(said) == {"accepted": count, "rejected": []}:
            return True
        if status >= 500 or status == 429:
            return False
        raise ContractError(f"the collector answers {status} to the demo's own events: {said[:500]!r}")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def event(prefix: str, number: int, now: int) -> dict[str, object]:
    """The event of that number: visits follow each other, one step an event."""
    visit, step = divmod(number, len(_VISIT))
    action = _VISIT[step]
    found: dict[str, object] = {
        "event_id": f"{prefix}{number}",
        "scenario_id": "home",
        "user_id": f"visitor-{visit % USERS}",
        "session_id": f"{prefix}{visit}",
        "action_type": action,
        "url": "https://shop.example/",
        "timestamp": now,
    }
    # Squares: some items come up more often than others.
    return found if action == "pageview" else {**found, "item_id": f"p-{visit * visit % ITEMS:07d}"}


def main() -> None:
    """Send until SIGINT or SIGTERM, or for so many seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    given = parser.parse_args()
    end_with(given.parent)
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    posting = Posting(given.url, given_key(), given.prefix)
    begun = time.monotonic()
    due = 0.0
    while not stopping.wait(BATCH_SECONDS):
        if given.seconds is not None and time.monotonic() - begun > given.seconds:
            break
        due += given.rate * BATCH_SECONDS  # after an outage it goes on at its rate, and does not make up for it
        if count := int(due):
            posting.send(count)
            due -= count
    given.answers.write_bytes(msgspec.json.encode(posting.posted))


if __name__ == "__main__":
    try:
        main()
    except ClickstreamError as error:
        sys.exit(str(error))
