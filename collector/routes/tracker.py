"""GET /tracker.js: the browser's part, with an ETag, so that a page that has it asks and is told so."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from collector.problem import ProblemError
from collector.routes.exchange import Handler

BUILT = Path(__file__).resolve().parents[2] / "tracker" / "dist" / "tracker.js"
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Script:
    stamp: tuple[int, int]
    plain: bytes
    packed: bytes
    etag: str


def tracker(path: Path | None, seconds: int) -> Handler:
    """The handler. A file that is built anew is served from then on.

    Args:
        path: of the script; None: where the tracker's build puts it.
        seconds: that browsers may use it without asking.
    """
    file = path or BUILT
    known: list[_Script] = []

    async def handle(request: Request) -> Response:
        script = _current(file, known)
        headers = {
            "Cache-Control": f"public, max-age={seconds}",
            "ETag": script.etag,
            "Vary": "Accept-Encoding",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        asked = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
        if script.etag in asked or "*" in asked:
            return Response(status_code=304, headers=headers)
        body = script.plain
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = script.packed
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers, media_type="text/javascript; charset=utf-8")

    return handle


def _current(file: Path, known: list[_Script]) -> _Script:
    try:
        status = file.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        if known and known[0].stamp == stamp:
            return known[0]
        if status.st_size > _LARGEST:
            raise ProblemError(404, "tracker", f"{file.name} is larger than {_LARGEST:,} bytes: that is no tracker")
        plain = file.read_bytes()
    except OSError:
        raise ProblemError(
            404, "tracker", "there is no tracker here: `make tracker` builds it, CLICKSTREAM_COLLECTOR_TRACKER names it"
        ) from None
    etag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'
    known[:] = [_Script(stamp, plain, gzip.compress(plain, 9, mtime=0), etag)]
    return known[0]
