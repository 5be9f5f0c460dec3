"""Request bodies: bounded in bytes, in time, and all together; decompressed within the same bounds."""

import asyncio
import zlib

import zstandard
from starlette.requests import Request

from collector.problem import ProblemError, busy

_JSON = ("application/json", "text/json", "text/plain")  # sendBeacon sends text/plain
_GZIP_WINDOW = 31
_ZSTD_WINDOW = 8 * 1024 * 1024


class Memory:
    """A budget of bytes that all requests of a worker share."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.used = 0

    def take(self, count: int) -> None:
        """Take from it.

        Raises:
            ProblemError: 503, nothing is left.
        """
        if self.used + count > self._most:
            raise busy("memory", "too many bodies are being read at once: send it again in a moment")
        self.used += count

    def give_back(self, count: int) -> None:
        """Put back what was taken."""
        self.used -= count


class Body:
    """A request's body, held against the budget while the context is entered."""

    def __init__(self, memory: Memory, most: int, seconds: float) -> None:
        self._memory, self._most, self._seconds = memory, most, seconds
        self._taken = 0

    def __enter__(self) -> "Body":
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.give_back(self._taken)

    async def read(self, request: Request) -> bytes:
        """All of it, decompressed.

        Raises:
            ProblemError: 400, 408, 413, 415 or 503.
        """
        encoding = self._checked(request)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > self._most:
                        raise self._too_large()
                    self._take(len(chunk))
                    chunks.append(chunk)
        except TimeoutError:
            raise ProblemError(
                408,
                "slow",
                f"the body had not come within {self._seconds:g} s: send fewer events at a time",
                {"Connection": "close"},
            ) from None
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if encoding == "identity":
            return body
        plain = self._gunzipped(body) if encoding == "gzip" else self._unzstd(body)
        if len(plain) > self._most:
            raise self._too_large()
        self._take(len(plain))
        return plain

    def _checked(self, request: Request) -> str:
        """The encoding, when what the headers announce can be taken."""
        headers = request.headers
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._most:
            raise self._too_large()
        kind, _, parameters = headers.get("content-type", "application/json").lower().partition(";")
        kind = kind.strip()
        if kind not in _JSON and not (kind.startswith("application/") and kind.endswith("+json")):
            raise ProblemError(415, "content_type", f"{kind[:80]!r} is not read here: send application/json")
        charset = parameters.partition("charset=")[2].split(";")[0].strip().strip('"')
        if charset not in ("", "utf-8", "utf8"):
            raise ProblemError(415, "charset", f"charset {charset[:40]!r} is not read here: JSON is UTF-8")
        encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
        if encoding not in ("identity", "gzip", "zstd"):
            raise ProblemError(
                415,
                "content_encoding",
                f"Content-Encoding {encoding[:40]!r} is not read here: send gzip, zstd or neither",
                {"Accept-Encoding": "gzip, zstd"},
            )
        return encoding

    def _gunzipped(self, body: bytes) -> bytes:
        inflate = zlib.decompressobj(_GZIP_WINDOW)
        try:
            plain = inflate.decompress(body, self._most + 1)
        except zlib.error as error:
            raise _broken("gzip", error) from None
        if len(plain) <= self._most and (not inflate.eof or inflate.unused_data):
            raise _broken("gzip", "it does not end where the body ends")
        return plain

    def _unzstd(self, body: bytes) -> bytes:
        try:
            reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(
                body, read_across_frames=True
            )
            return reader.read(self._most + 1)
        except zstandard.ZstdError as error:
            raise _broken("zstd", error) from None

    def _take(self, count: int) -> None:
        self._memory.take(count)
        self._taken += count

    def _too_large(self) -> ProblemError:
        return ProblemError(
            413,
            "body_too_large",
            f"the body is larger than {self._most:,} bytes: send fewer events at a time",
            {"Connection": "close"},
        )


def _broken(encoding: str, why: object) -> ProblemError:
    return ProblemError(400, "encoding_broken", f"the body is no {encoding}: {why}")
