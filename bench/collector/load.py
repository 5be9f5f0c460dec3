"""The load, a process of its own: raw HTTP over kept connections; as fast as it goes, or at a rate.

At a rate, a request's latency counts from the moment at which it was due, not from when a connection was free for it,
and every request that was due within the measurement counts, however late its answer: a service that falls behind does
not hide that. How late this process itself was woken is told as well: on a busy machine that is part of every latency.
Prints one JSON object.
"""

import argparse
import asyncio
import gc
import json
import time
from collections import deque
from collections.abc import Callable
from typing import cast

import numpy as np
import uvloop

from bench.collector.requests import bodies, requests

BODIES = 500


class Connection(asyncio.Protocol):
    """One request at a time.

    Args:
        answered: called with this connection and whether the answer was 202.
    """

    def __init__(self, answered: "Callable[[Connection, bool], None]") -> None:
        self._answered = answered
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of its subclasses

    def send(self, request: bytes, due: float) -> None:
        """Send; `due` is when it should have been."""
        assert self._transport is not None
        self.due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """A part of the answer, or all of it."""
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = self._buffer.lower().find(b"content-length:", 0, head)
        size = int(self._buffer[length + 15 : self._buffer.find(b"\r\n", length)]) if length >= 0 else 0
        if len(self._buffer) < head + 4 + size:
            return
        answer, self._buffer = self._buffer, b""
        self._answered(self, answer.startswith(b"HTTP/1.1 202") and b'"rejected":[{' not in answer)

    def connection_lost(self, error: Exception | None) -> None:
        """The service closed it in the middle of the measurement."""
        if not self.closing:
            raise ConnectionError(f"the service closed a connection: {error}")

    closing = False

    def close(self) -> None:
        """Close it."""
        assert self._transport is not None
        self.closing = True
        self._transport.close()


class Load:
    """Counts answers.

    Args:
        given: requests, sent in turn.
        begin: monotonic time from which on answers and latencies count.
        end: until which requests are sent.

    Attributes:
        latencies: in seconds, of requests that were due between the two.
        late: seconds after which the process ran again when it had slept until a request was due.
    """

    def __init__(self, given: list[bytes], begin: float, end: float) -> None:
        self._given, self._begin, self._end = given, begin, end
        self._next = self.accepted = self.counted = self.failed = self.outstanding = 0
        self.latencies: list[float] = []
        self.late: list[float] = []
        self._idle: deque[Connection] = deque()
        self._closed_loop = True

    async def run(self, host: str, port: int, connections: int, rate: float | None) -> None:
        """Send until the end, and wait for the last answers."""
        loop = asyncio.get_running_loop()
        opened = [
            (await loop.create_connection(lambda: Connection(self._answered), host, port))[1]
            for _ in range(connections)
        ]
        self._closed_loop = rate is None
        if rate is None:
            for each in opened:
                self._send(each, time.monotonic())
            await asyncio.sleep(self._end - time.monotonic())
        else:
            self._idle.extend(opened)
            await self._at(rate)
        while self.outstanding:
            await asyncio.sleep(0.005)
        for each in opened:
            each.close()

    async def _at(self, rate: float) -> None:
        due = time.monotonic()
        while due < self._end:
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
                self.late.append(time.monotonic() - due)
            while not self._idle:
                await asyncio.sleep(0.0005)
            self._send(self._idle.popleft(), due)
            due += 1 / rate

    def _send(self, connection: Connection, due: float) -> None:
        self.outstanding += 1
        self._next = (self._next + 1) % len(self._given)
        connection.send(self._given[self._next], due)

    def _answered(self, connection: Connection, good: bool) -> None:
        now = time.monotonic()
        self.outstanding -= 1
        self.accepted += good
        self.failed += not good
        self.counted += good and self._begin <= now < self._end
        if self._begin <= connection.due < self._end:
            self.latencies.append(now - connection.due)
        if not self._closed_loop:
            self._idle.append(connection)
        elif now < self._end:
            self._send(connection, now)


def main() -> None:
    """Measure once."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--key", required=True)
    options.add_argument("--connections", type=int, required=True)
    options.add_argument("--rate", type=float, help="events a second; default: as fast as it goes")
    options.add_argument("--warm-up", type=float, default=2.0)
    options.add_argument("--seconds", type=float, default=8.0)
    options.add_argument("--batch", type=int, default=10)
    chosen = options.parse_args()
    given = requests("127.0.0.1", chosen.key, bodies(chosen.batch, BODIES))
    gc.disable()  # a pause of this process would look like one of the service
    begin = time.monotonic() + chosen.warm_up
    load = Load(given, begin, begin + chosen.seconds)
    rate = chosen.rate / chosen.batch if chosen.rate else None
    uvloop.run(load.run("127.0.0.1", chosen.port, chosen.connections, rate))
    p50, p99 = (float(each) * 1000 for each in np.percentile(load.latencies, [50, 99]))
    print(
        json.dumps(
            {
                "accepted": load.accepted * chosen.batch,
                "failed": load.failed * chosen.batch,
                "events_per_s": round(load.counted * chosen.batch / chosen.seconds),
                "p50_ms": round(p50, 2),
                "p99_ms": round(p99, 2),
                "late_ms": round(float(np.percentile(load.late, 99)) * 1000, 2) if load.late else 0.0,
            }
        )
    )


if __name__ == "__main__":
    main()
