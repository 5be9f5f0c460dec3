"""A reverse proxy in front of a ClickHouse node that fails on demand.

In a test's own process:

    with FaultProxy("http://127.0.0.1:8123") as proxy:
        proxy.set(Mode.HANG_AFTER, inserts_only=True, requests=1)
        ...  # clients use proxy.url

As a process, switched over HTTP (`POST /?mode=hang&inserts_only=1&requests=3&code=241&delay=0.5`, `GET /` shows it):

    python -m devstack.clickhouse.faults --target http://127.0.0.1:8123 --port 8124 --control-port 8125
"""

import argparse
import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp import web
from yarl import URL

from clickstream.errors import ConfigurationError

T = TypeVar("T")

_HOP_BY_HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length", "expect", "host", "te"))
_START_SECONDS = 10


class Mode(StrEnum):
    """What happens to a request."""

    PASS = "pass"  # passed on, answered
    REFUSE = "refuse"  # nobody listens: connections are refused, open ones are reset
    ERROR = "error"  # not passed on, answered with an error of ClickHouse
    HANG = "hang"  # not passed on, never answered
    HANG_AFTER = "hang_after"  # passed on and carried out, never answered
    CUT = "cut"  # passed on and carried out, the answer breaks off in its middle
    DELAY = "delay"  # passed on after a while, answered


@dataclass(frozen=True, slots=True)
class Fault:
    """What the proxy does now.

    Attributes:
        code: Code of the error that ERROR answers with; the status is 500.
        delay: Seconds that DELAY waits.
        inserts_only: Other requests pass.
        requests: How many more requests it happens to, after which all pass; None for no end.
    """

    mode: Mode = Mode.PASS
    code: int = 241
    delay: float = 0.0
    inserts_only: bool = False
    requests: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be done: a closed listener sees no requests to tell apart or to count."""
        if self.mode is Mode.REFUSE and (self.inserts_only or self.requests is not None):
            raise ConfigurationError(
                "mode=refuse holds for all requests until switched: drop inserts_only and requests"
            )


class FaultProxy:
    """The proxy, in a thread with an event loop of its own: its methods may be called from anywhere.

    Attributes:
        url: Where clients find it; the same after every switch.
        seen: How many requests came in by mode that they met, counted when their bodies were complete.
        answered: How many of them the node has answered by now, whatever became of the answer.
    """

    def __init__(self, target: str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.url = ""
        self.seen: Counter[Mode] = Counter()
        self.answered: Counter[Mode] = Counter()
        self._target = URL(target.rstrip("/"))
        self._host = host
        self._port = port
        self._fault = Fault()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)

    def start(self) -> str:
        """Listen.

        Returns:
            The proxy's URL.
        """
        self._thread.start()
        self._call(self._open())
        return self.url

    def set(self, mode: Mode | str = Mode.PASS, **details: Any) -> None:
        """Switch to another fault for requests that come from now on; those that hang already go on hanging.

        Args:
            mode: What happens.
            **details: The other fields of Fault.

        Raises:
            ConfigurationError: The details contradict the mode.
        """
        self._call(self._switch(Fault(Mode(mode), **details)))

    @property
    def fault(self) -> Fault:
        """What it does now."""
        return self._fault

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._thread.is_alive():
            self._call(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    async def _open(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None))
        self._server = web.Server(self._handle, auto_decompress=False, access_log=None)
        await self._listen()

    async def _listen(self) -> None:
        self._listener = await self._loop.create_server(self._server, self._host, self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://{self._host}:{self._port}"

    async def _switch(self, fault: Fault) -> None:
        was, self._fault = self._fault.mode, fault
        if fault.mode is Mode.REFUSE and was is not Mode.REFUSE:
            self._listener.close()
            self._reset_connections()
        elif was is Mode.REFUSE and fault.mode is not Mode.REFUSE:
            await self._listen()

    def _reset_connections(self) -> None:
        for connection in self._server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def _close(self) -> None:
        self._listener.close()
        self._reset_connections()
        # 0 would mean: wait for the requests that hang.
        await self._server.shutdown(0.1)
        await self._client.close()

    def _next(self, *, insert: bool) -> Fault:
        fault = self._fault
        if fault.inserts_only and not insert:
            return Fault()
        if fault.requests is not None:
            left = fault.requests - 1
            self._fault = Fault(**{**asdict(fault), "requests": left}) if left > 0 else Fault()
        return fault

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = b"".join([piece async for piece in request.content.iter_any()])
        statement = request.query.get("query") or body[:64].decode(errors="replace")
        fault = self._next(insert=statement.lstrip()[:6].upper() == "INSERT")
        self.seen[fault.mode] += 1
        match fault.mode:
            case Mode.ERROR:
                text = f"Code: {fault.code}. DB::Exception: Made by the fault proxy. (FAULT) (version 0.0.0.0)\n"
                return web.Response(status=500, text=text, headers={"X-ClickHouse-Exception-Code": str(fault.code)})
            case Mode.HANG:
                await asyncio.Event().wait()
            case Mode.DELAY:
                await asyncio.sleep(fault.delay)
        try:
            return await self._forward(request, body, fault.mode)
        except aiohttp.ClientError:
            # The node is down or broke off: so does the proxy.
            return self._drop(request)

    async def _forward(self, request: web.BaseRequest, body: bytes, mode: Mode) -> web.StreamResponse:
        url = URL(str(self._target) + request.raw_path, encoded=True)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP]
        skip = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
        async with self._client.request(
            request.method, url, headers=headers, data=body or None, skip_auto_headers=skip, allow_redirects=False
        ) as answer:
            self.answered[mode] += 1
            if mode is Mode.HANG_AFTER:
                await answer.read()
                await asyncio.Event().wait()
            if mode is Mode.CUT:
                return await self._cut(request, answer)
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            response.headers.extend(kept)
            response.content_length = answer.content_length
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    async def _cut(self, request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        """The answer up to the half of its body, or too little of its first line if it has no body."""
        body = await answer.read()
        fields = [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *fields, f"Content-Length: {len(body)}", "", ""]
        head = "\r\n".join(lines).encode("latin-1")
        half = head + body[: len(body) // 2] if body else head[:7]
        if request.transport is not None:
            request.transport.write(half)
        return self._drop(request)

    def _drop(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.close()
        return web.Response()


def main() -> None:
    """Run a proxy and its control endpoint until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m devstack.clickhouse.faults", description="Proxy that fails.")
    parser.add_argument("--target", required=True, help="URL of the node")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control-port", type=int, required=True)
    arguments = parser.parse_args()

    async def show(_: web.Request) -> web.Response:
        return web.json_response({**asdict(proxy.fault), "seen": proxy.seen})

    async def switch(request: web.Request) -> web.Response:
        query = request.query
        details: dict[str, Any] = {"inserts_only": query.get("inserts_only", "0") == "1"}
        try:
            for name, kind in (("code", int), ("requests", int), ("delay", float)):
                if name in query:
                    details[name] = kind(query[name])
            proxy.set(query.get("mode", "pass"), **details)
        except (ValueError, ConfigurationError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return await show(request)

    with FaultProxy(arguments.target, host=arguments.host, port=arguments.port) as proxy:
        control = web.Application()
        control.add_routes([web.get("/", show), web.post("/", switch)])
        web.run_app(control, host=arguments.host, port=arguments.control_port, print=None)


if __name__ == "__main__":
    main()
