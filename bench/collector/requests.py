"""The requests of the load: batches of the traffic generator's own events, of the present."""

from collections.abc import Sequence

from clickstream.clock import SystemClock
from clickstream.generator.catalogue import TENANTS
from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import live

TENANT = TENANTS[0].tenant_id
PATH = "/api/v1/behaviors"
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari",
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
)


def bodies(batch: int, count: int) -> list[bytes]:
    """So many JSON arrays of `batch` valid events of one tenant."""
    prefix = f'"tenant_id":"{TENANT}"'.encode()
    values: list[bytes] = []
    for chunk in live(TrafficModel(), 20_000, SystemClock()):
        valid = (chunk.records["fault"] == 0) & ~chunk.records["duplicate"]
        values += [value for value, good in zip(chunk.values, valid, strict=True) if good and prefix in value]
        if len(values) >= batch * count:
            break
    return [b"[" + b",".join(values[begin : begin + batch]) + b"]" for begin in range(0, batch * count, batch)]


def requests(host: str, key: str, given: Sequence[bytes]) -> list[bytes]:
    """Each body as a whole HTTP request."""
    return [
        (
            f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {_AGENTS[number % len(_AGENTS)]}\r\n"
            f"Content-Type: application/json\r\nX-Write-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        + body
        for number, body in enumerate(given)
    ]
