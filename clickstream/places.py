"""Places: a scenario of a tenant. And the buckets that spread places or users over the workers.

State and timers are kept by bucket, not by place: their number is fixed, so that word of how far a partition has come
can be sent to all of them, behind the events that it is about.
"""

from typing import NamedTuple

import xxhash

BUCKETS = 64  # state is keyed by bucket: with another number no savepoint fits


class Place(NamedTuple):
    """One scenario of one tenant."""

    tenant_id: str
    scenario_id: str

    @property
    def bucket(self) -> int:
        """From 0 to BUCKETS - 1, the same everywhere and always."""
        return bucket_of(*self)

    @property
    def name(self) -> str:
        """Distinct for distinct places, whatever their ids hold."""
        return f"{len(self.tenant_id)}:{self.tenant_id}:{self.scenario_id}"


def bucket_of(*parts: str) -> int:
    """The bucket of what these ids name together."""
    return hash_of(*parts) % BUCKETS


def hash_of(*parts: str) -> int:
    """64-bit XXH3 of ids; each is preceded by its length, so that ("a", "bc") differs from ("ab", "c")."""
    return xxhash.xxh3_64_intdigest("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass"))
