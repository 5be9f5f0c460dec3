"""The dashboard's built files: read once, packed once, each with its ETag; read again when they are built anew."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).resolve().parents[1] / "dashboard" / "dist"
INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file.

    Attributes:
        media_type: of its content.
        plain: its bytes.
        packed: the same by gzip.
        etag: with quotes.
    """

    media_type: str
    plain: bytes
    packed: bytes
    etag: str


class Pages:
    """Files of one folder, which may be built while the service runs.

    Args:
        folder: where the dashboard's build puts them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[tuple[int, int], File]] = {}

    def file(self, name: str) -> File | None:
        """A file by its name; None: there is no such file, or it is none that a page is made of."""
        path = self.folder / name
        media_type = _TYPES.get(path.suffix)
        if media_type is None or path.name != name:
            return None
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._known.get(name)
            if known and known[0] == stamp:
                return known[1]
            plain = path.read_bytes()
        except (OSError, ValueError):
            return None
        etag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'
        found = File(media_type, plain, gzip.compress(plain, 9, mtime=0), etag)
        self._known[name] = (stamp, found)
        return found
