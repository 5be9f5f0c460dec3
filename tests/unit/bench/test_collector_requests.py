"""What `make bench-collector` sends: whole requests, of events that the collector accepts every one of."""

import time

from bench.collector.requests import TENANT, bodies, requests
from clickstream.events.sent import Intake, Sender


def test_every_event_is_accepted_and_every_request_is_whole() -> None:
    given = bodies(10, 20)
    now = int(time.time() * 1000)
    for body, request in zip(given, requests("127.0.0.1", "cs_key", given), strict=True):
        taken = Intake().take(body, Sender(TENANT), now)
        assert (len(taken.events), taken.refused) == (10, [])
        head, sent = request.split(b"\r\n\r\n", 1)
        assert sent == body
        assert f"Content-Length: {len(body)}".encode() in head
        assert b"X-Write-Key: cs_key" in head
