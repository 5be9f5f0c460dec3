"""uvicorn's HTTP protocol, with what it lacks: bounds on a request's head, and a refusal that the application words."""

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 20.0

# Among a request's ASGI extensions: more connections than allowed are open.
CROWDED = "clickstream.crowded"


class BoundedProtocol(HttpToolsProtocol):
    """One connection.

    A head that is larger than HEAD_BYTES (and what came with its last piece) is answered with 431, one that is not
    there HEAD_SECONDS after its begin with 408. A connection on which nothing comes at all is closed after as long.
    """

    _head: int | None = None  # bytes of the head that is being read; None: none is
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base has it
        """It is open."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request, or of several."""
        before = self._head
        super().data_received(data)
        if self._head is None or self.transport.is_closing():
            return
        if before is not None:
            self._head += len(data)
        if self._head > HEAD_BYTES:
            self._refuse(431, "head_too_large", f"the request's head is larger than {HEAD_BYTES:,} bytes")
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._head = None
        self._stop_timer()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if app is service_unavailable:
            app = self.app
            cycle.scope.setdefault("extensions", {})[CROWDED] = {}
        super()._start_asgi_task(cycle, app)

    def _too_slow(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._head is None:  # nothing has come, not even a request
            self.transport.close()
        elif self.cycle is not None and not self.cycle.response_complete:  # one that came before is being answered
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)
        else:
            self._refuse(408, "slow", f"the request's head had not come within {HEAD_SECONDS:g} s")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int, reason: str, message: str) -> None:
        self._stop_timer()
        if self.cycle is None or self.cycle.response_complete:
            body = orjson.dumps({"error": reason, "message": message})
            head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.close()
