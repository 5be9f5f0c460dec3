"""Who a request speaks for: its write key, found by its hash and compared in constant time."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from clickstream.write_keys import hash_of
from collector.configuration.model import Collection
from collector.configuration.tenants import Tenant, WriteKey
from collector.problem import ProblemError

_SHOWN = 12
_LONGEST = 256


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """A valid key and its tenant."""

    tenant_id: str
    tenant: Tenant
    key: WriteKey

    @property
    def label(self) -> str:
        """The key, for logs: its name, or the beginning of its hash."""
        return self.key.name or self.key.sha256[:_SHOWN]


class KeyRing:
    """All keys of all tenants."""

    def __init__(self, collection: Collection) -> None:
        # By the first byte of the hash, so that a look-up compares a handful, and those in full.
        self._callers: dict[str, list[Caller]] = {}
        for tenant_id, tenant in collection.tenants.items():
            for key in tenant.keys:
                self._callers.setdefault(key.sha256[:2], []).append(Caller(tenant_id, tenant, key))

    def find(self, key: str, now: datetime) -> Caller:
        """The caller whose key this is.

        Raises:
            ProblemError: 401, there is no such key, or it has expired.
        """
        if not key:
            raise _refused("no write key: send it in the header X-Write-Key or the query parameter key")
        found: Caller | None = None
        digest = hash_of(key[: _LONGEST + 1])
        for caller in self._callers.get(digest[:2], ()):
            if hmac.compare_digest(caller.key.sha256, digest):
                found = caller
        if found is None:
            raise _refused("this write key is not known here: is it complete, and has it been replaced?")
        if not found.key.valid_at(now):
            raise _refused(f"this write key expired at {found.key.expires}: use its successor")
        return found


def _refused(message: str) -> ProblemError:
    return ProblemError(401, "write_key", message, {"WWW-Authenticate": 'WriteKey realm="collector"'})
