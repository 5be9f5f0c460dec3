"""The answer to a query, held back until it is long or complete so that most errors come with their own status."""

import asyncio
import json
import secrets
import string
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from devstack.clickhouse.compression import Compressor, negotiate
from devstack.clickhouse.engine import Engine, Outcome
from devstack.clickhouse.errors import QueryError
from devstack.clickhouse.request import QueryRequest

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEEP_ALIVE_SECONDS = 30
# Work on more bytes than this goes to a thread, so that other requests are not held up.
INLINE_BYTES = 1 << 16
_IN_MEMORY = 32 << 20
_MAX_EXCEPTION_BYTES = 16 << 10
_CONTENT_TYPES = (
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSONCompactEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSON", "application/json; charset=UTF-8"),
    ("CSV", "text/csv; charset=UTF-8"),
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
    ("TSV", "text/tab-separated-values; charset=UTF-8"),
    ("XML", "application/xml; charset=UTF-8"),
)
_BINARY = ("Native", "RowBinary", "Parquet", "Arrow", "ORC", "Avro", "MsgPack", "Protobuf", "Npy", "BSON", "CapnProto")


def content_type(output_format: str) -> str:
    """Content-Type of a format."""
    if output_format.startswith(_BINARY):
        return "application/octet-stream"
    return next((kind for name, kind in _CONTENT_TYPES if output_format.startswith(name)), "text/plain; charset=UTF-8")


class Answer:
    """Writes one answer. After `wait_end_of_query=1` everything is held until the end, on disk when it is long."""

    def __init__(self, send: Send, engine: Engine) -> None:
        self._send = send
        self._engine = engine
        self._begun = time.monotonic_ns()
        self._started = False
        self._empty = True
        self._held: Any = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives as long as the answer
        self._limit: float = 0
        self._compressor: Compressor | None = None
        self._coding = ""
        self._tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
        self._headers = {
            "X-ClickHouse-Server-Display-Name": engine.hostname,
            "X-ClickHouse-Timezone": engine.timezone,
            "X-ClickHouse-Exception-Tag": self._tag,
            "Keep-Alive": f"timeout={KEEP_ALIVE_SECONDS}, max=9999",
        }

    def configure(self, request: QueryRequest) -> None:
        """Learn what the request says about its answer."""
        self._headers["X-ClickHouse-Query-Id"] = request.query_id
        self._limit = float("inf") if request.wait_end_of_query else request.buffer_bytes
        if request.settings.get("enable_http_compression", "1") in ("1", "true"):
            coding = negotiate(request.accept_encoding)
            if coding is not None:
                self._coding, self._compressor = coding

    def set_format(self, output_format: str) -> None:
        """Name the format of the rows that follow."""
        self._headers["X-ClickHouse-Format"] = output_format
        self._headers["Content-Type"] = content_type(output_format)

    async def write(self, data: bytes) -> None:
        """Add rows. Returns when the client has taken enough of what was sent before."""
        if not data:
            return  # some compressors would begin their stream, and there may be nothing to put into it
        self._empty = False
        if self._compressor is not None:
            if len(data) > INLINE_BYTES:
                data = await asyncio.to_thread(self._compressor.compress, data)
            else:
                data = self._compressor.compress(data)
        if self._started:
            await self._body(data, more=True)
            return
        self._held.write(data)
        if self._held.tell() >= self._limit:
            await self._start(200, Outcome())
            await self._release()

    async def finish(self, outcome: Outcome) -> None:
        """End the answer of a query that went well. An empty body is sent as it is, without a coding."""
        rest = self._compressor.flush() if self._compressor is not None and not self._empty else b""
        if not self._started:
            await self._start(200, outcome, length=self._held.tell() + len(rest))
            await self._release()
        await self._body(rest, more=False)

    async def fail(self, error: QueryError) -> None:
        """Answer with an error.

        Once rows were sent, the error follows them between markers that hold the tag of X-ClickHouse-Exception-Tag, and
        the answer is left without its end, as the server does since 25.11: the connection is then closed.
        """
        text = error.body(self._engine.version)
        if self._started:
            text = text[:_MAX_EXCEPTION_BYTES].rstrip(b"\n")
            tag = self._tag.encode()
            tail = b"\r\n__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (tag, text, len(text), tag)
            if self._compressor is not None:
                tail = self._compressor.compress(tail) + self._compressor.flush()
            await self._body(tail, more=True)
            return
        self._coding = ""
        self._headers["Content-Type"] = "text/plain; charset=UTF-8"
        self._headers["X-ClickHouse-Exception-Code"] = str(error.code)
        await self._start(error.status, Outcome(), length=len(text))
        await self._body(text, more=False)

    async def _start(self, status: int, outcome: Outcome, length: int | None = None) -> None:
        self._started = True
        headers = dict(self._headers)
        counts = {
            "read_rows": outcome.read_rows,
            "read_bytes": outcome.read_bytes,
            "written_rows": outcome.written_rows,
            "written_bytes": outcome.written_bytes,
            "total_rows_to_read": outcome.read_rows,
            "result_rows": outcome.result_rows,
            "result_bytes": outcome.written_bytes,
            "elapsed_ns": time.monotonic_ns() - self._begun,
            "memory_usage": 0,
        }
        headers["X-ClickHouse-Summary"] = json.dumps(
            {name: str(count) for name, count in counts.items()}, separators=(",", ":")
        )
        if length is not None:
            headers["Content-Length"] = str(length)
        if self._coding and length != 0:
            headers["Content-Encoding"] = self._coding
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _release(self) -> None:
        """Send what was held back."""
        self._held.seek(0)
        while data := self._held.read(1 << 20):
            await self._body(data, more=True)
        self._held.close()

    async def _body(self, data: bytes, *, more: bool) -> None:
        if data or not more:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})
