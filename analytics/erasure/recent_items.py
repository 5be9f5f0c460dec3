"""Redis, where a user's recent items are.

The job UserRecent has the list in its state, and writes it whole again and again. So an erasure leaves a mark beside
the list: the job's script keeps out of it what was seen until then (sinks/redis/recent_items.py).
"""

from dataclasses import dataclass
from typing import Any

import redis.asyncio
from redis.asyncio.cluster import RedisCluster

from clickstream.config import RedisSettings
from clickstream.lookup.connection import options, translated

# KEYS: the list, the mark; ARGV: the moment of the erasure, seconds that the mark stays. Of two the later counts.
_ERASE = """
local before, left = redis.call('GET', KEYS[2]), redis.call('TTL', KEYS[2])
local moment = before and tonumber(before) > tonumber(ARGV[1]) and before or ARGV[1]
redis.call('SET', KEYS[2], moment, 'EX', math.max(left, ARGV[2]))
return redis.call('DEL', KEYS[1])
"""


def mark_seconds(job_seconds: float) -> int:
    """How long a mark stays: twice as long as the job keeps a list, for Kafka may give it older events once more."""
    return int(2 * job_seconds) + 1


@dataclass(frozen=True)
class RecentLists:
    """The lists of one Redis.

    Attributes:
        url: its address.
        settings: how its keys are called.
        job_seconds: after which the job forgets a user who does nothing.
    """

    url: str
    settings: RedisSettings
    job_seconds: float

    async def erase(self, tenant_id: str, user_id: str, moment_ms: int) -> int:
        """Delete a user's list, and mark that nothing seen until now may come into it again.

        The job prolongs the mark while it has such items.

        Args:
            tenant_id: whose user it is.
            user_id: the user.
            moment_ms: now, in ms since the epoch: what is seen later comes in.

        Returns:
            How many lists there were.

        Raises:
            UnavailableError: Redis does not answer.
        """
        keys = (self.settings.keys.recent(tenant_id, user_id), self.settings.keys.erased(tenant_id, user_id))
        with translated():
            kind: Any = RedisCluster if self.settings.cluster else redis.asyncio.Redis
            client = kind.from_url(self.url, **options(self.settings))
            try:
                return int(await client.eval(_ERASE, len(keys), *keys, moment_ms, mark_seconds(self.job_seconds)))
            finally:
                await client.aclose()
