"""Recent items in Redis: a LIST for each user."""

from dataclasses import dataclass
from typing import Any

from clickstream.recent_items.bucket import RecentWrite
from clickstream.redis_keys import RedisKeys

# KEYS[1]; ARGV: seconds to live, then the items. A reader sees the old list or the new one.
_REPLACE = """
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], unpack(ARGV, 2))
return redis.call('EXPIRE', KEYS[1], ARGV[1])
"""


@dataclass(frozen=True)
class QueueRecentItems:
    """Queues RecentWrites."""

    keys: RedisKeys

    def __call__(self, pipeline: Any, write: RecentWrite) -> None:
        """Put the whole list in the place of what is there."""
        key = self.keys.recent(write.tenant_id, write.user_id)
        if write.items:
            pipeline.execute_command("EVAL", _REPLACE, 1, key, write.ttl_seconds, *write.items)
        else:
            pipeline.delete(key)
