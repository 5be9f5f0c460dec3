"""What is remembered of one dimension: rows, and that there is none, each for its time."""

from dataclasses import dataclass

from cachetools import LRUCache

from clickstream.dimensions.rows import Found, Key

REFRESH_AT = 0.8  # of an entry's time: from then on it is asked for again while it is still used


@dataclass(frozen=True, slots=True)
class Entry:
    """What was answered for a key.

    Attributes:
        found: the row; None: there was none.
        due: monotonic seconds from which on the answer should be asked for again.
        expires: monotonic seconds from which on it serves only while the server gives no other.
    """

    found: Found | None
    due: float
    expires: float


class DimensionCache:
    """The answers of one dimension by key, least recently used ones out first.

    Expired entries stay until they are replaced or pushed out: they are what events get while the server is away.
    """

    def __init__(self, size: int, ttl: float, negative_ttl: float) -> None:
        """Make an empty one; times are in seconds."""
        self._entries: LRUCache[Key, Entry] = LRUCache(size)
        self._ttl = ttl
        self._negative_ttl = negative_ttl

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Entry | None:
        """What was answered last; using it keeps it."""
        entry: Entry | None = self._entries.get(key)
        return entry

    def put(self, key: Key, found: Found | None, now: float) -> None:
        """Remember an answer that was given now (monotonic seconds)."""
        ttl = self._negative_ttl if found is None else self._ttl
        self._entries[key] = Entry(found, now + REFRESH_AT * ttl, now + ttl)
