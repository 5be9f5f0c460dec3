"""The recent items of a bucket's users. They are kept encoded: a user who is not active costs what the list weighs."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import msgspec

from clickstream.config.recent import RecentSettings
from clickstream.errors import ContractError
from clickstream.kept import Due
from clickstream.places import hash_of
from clickstream.recent_items.parts import decode_parts

SHELVES = 16  # of a bucket: an entry of state holds one, so that a change rewrites a sixteenth
_WRITES = 5_000  # at once: between two portions of a rewrite other events are merged
_TENANT = "tenant"

UserKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RecentWrite:
    """A user's whole list, newest first; empty: forgotten.

    Attributes:
        times: of the items, ms since the epoch, newest first.
        ttl_seconds: the list is forgotten after so long.
    """

    tenant_id: str
    user_id: str
    items: list[str]
    times: list[int]
    ttl_seconds: int


class _List(msgspec.Struct, array_like=True):
    """Newest first; of equally new items the lesser id first."""

    changed_ms: int
    items: list[str]
    times: list[int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_List).decode
_decode_shelf = msgspec.msgpack.Decoder(list[tuple[str, str, bytes]]).decode


class RecentBucket:
    """Lists of the users of one bucket. See clickstream.kept.Bucket."""

    def __init__(self, settings: RecentSettings, by_tenant: bool) -> None:
        """Start empty.

        Args:
            settings: of the job.
            by_tenant: whether the key's template holds the tenant; if not, a second tenant is an error.
        """
        self._settings = settings
        self._by_tenant = by_tenant
        self._tenant: str | None = None
        self._tenant_stored = True
        self._shelves: list[dict[UserKey, bytes]] = [{} for _ in range(SHELVES)]
        self._unstored: set[int] = set()
        self._changed: dict[UserKey, None] = {}
        self._rewriting: dict[UserKey, None] = {}
        self._flushed_ms = 0
        self._rewritten_ms = 0

    def load(self, name: str, entry: bytes) -> None:
        """Take over an entry."""
        if name == _TENANT:
            self._require_one_tenant(entry.decode())
            return
        self._shelves[int(name)] = {(tenant, user): kept for tenant, user, kept in _decode_shelf(entry)}

    def apply(self, part: bytes, now_ms: int) -> bool:
        """Merge what users saw.

        Raises:
            ContractError: a second tenant, where keys do not hold the tenant.
        """
        if not self._rewritten_ms:
            self._rewritten_ms = now_ms
        for seen in decode_parts(part):
            if not self._by_tenant:
                self._require_one_tenant(seen.tenant_id)
            key = (seen.tenant_id, seen.user_id)
            number = hash_of(*key) // 2**32 % SHELVES
            shelf = self._shelves[number]
            before = _decode(shelf[key]) if key in shelf else _List(0, [], [])
            newest = dict(zip(before.items, before.times, strict=True))
            for item, time in zip(seen.items, seen.times, strict=True):
                if time > newest.get(item, -1):
                    newest[item] = time
            ranked = sorted(newest.items(), key=lambda pair: (-pair[1], pair[0]))[: self._settings.items]
            items, times = [item for item, _ in ranked], [time for _, time in ranked]
            if (items, times) != (before.items, before.times):
                shelf[key] = _encode(_List(now_ms, items, times))
                self._changed[key] = None
                self._unstored.add(number)
        return bool(self._changed)

    def restored(self, now_ms: int) -> None:
        """Write everything again."""
        self._rewritten_ms = min(now_ms, 1)

    def changed_entries(self) -> Iterable[tuple[str, bytes | None]]:
        """One entry a shelf."""
        if not self._tenant_stored and self._tenant is not None:
            yield _TENANT, self._tenant.encode()
            self._tenant_stored = True
        for number in self._unstored:
            shelf = self._shelves[number]
            yield str(number), _encode([(*key, kept) for key, kept in shelf.items()]) if shelf else None
        self._unstored = set()

    def due(self, now_ms: int) -> Due[RecentWrite]:
        """Changed lists, and a portion of all of them while everything is rewritten."""
        if now_ms >= self._rewritten_ms + self._rewrite_ms:
            self._rewritten_ms = now_ms
            self._rewriting = {key: None for shelf in self._shelves for key in shelf}
        keys = dict(self._rewriting) if len(self._rewriting) <= _WRITES else dict.fromkeys(self._portion())
        self._rewriting = {key: None for key in self._rewriting if key not in keys}
        if self._changed and now_ms >= self._flushed_ms + self._flush_ms:
            keys.update(self._changed)
            self._changed.clear()
            self._flushed_ms = now_ms
        return Due([write for key in keys if (write := self._write(key, now_ms))])

    def next_due_ms(self, now_ms: int) -> int | None:
        """The next flush or rewrite."""
        if self._rewriting:
            return now_ms
        if self._changed:
            return min(self._flushed_ms + self._flush_ms, self._rewritten_ms + self._rewrite_ms)
        return self._rewritten_ms + self._rewrite_ms if any(self._shelves) else None

    @property
    def _flush_ms(self) -> int:
        return int(self._settings.flush_seconds * 1000)

    @property
    def _rewrite_ms(self) -> int:
        return int(self._settings.rewrite_seconds * 1000)

    def _portion(self) -> list[UserKey]:
        return list(islice(self._rewriting, _WRITES))

    def _write(self, key: UserKey, now_ms: int) -> RecentWrite | None:
        """The list as it is now; one that is past its time is forgotten."""
        number = hash_of(*key) // 2**32 % SHELVES
        kept = self._shelves[number].get(key)
        if kept is None:
            return None
        found = _decode(kept)
        left = found.changed_ms / 1000 + self._settings.ttl_seconds - now_ms / 1000
        if left <= 0:
            del self._shelves[number][key]
            self._unstored.add(number)
            return RecentWrite(*key, [], [], 0)
        return RecentWrite(*key, found.items, found.times, max(1, int(left)))

    def _require_one_tenant(self, tenant_id: str) -> None:
        if self._tenant is None:
            self._tenant, self._tenant_stored = tenant_id, False
        if self._tenant != tenant_id:
            raise ContractError(
                f"events of tenants {self._tenant!r} and {tenant_id!r} are read, but CLICKSTREAM_REDIS_KEY_RECENT has "
                "no {tenant}: their users would share lists. Set it to user:recent:{tenant}:{user_id} and submit the "
                "job again without a savepoint"
            )
