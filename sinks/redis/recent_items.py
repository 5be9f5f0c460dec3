"""Recent items in Redis: a LIST for each user."""

from dataclasses import dataclass
from typing import Any

import msgspec

from clickstream.recent_items.bucket import RecentWrite
from clickstream.redis_keys import RedisKeys

# KEYS: the list, the mark of an erasure; ARGV: seconds to live, then in MessagePack the items, newest first, and their
# times: the client takes twice as long where each item is an argument. A reader sees the old list or the new one.
# Where there is a mark, items seen until then stay out, and it is prolonged: the job has those items in its state for
# the list's time to live, and longer while the user is active.
_REPLACE = """
local items = cmsgpack.unpack(ARGV[2])
local last, erased = #items, redis.call('GET', KEYS[2])
if erased then
  local times, moment = cmsgpack.unpack(ARGV[3]), tonumber(erased)
  while last > 0 and times[last] <= moment do last = last - 1 end
  if redis.call('TTL', KEYS[2]) < 2 * ARGV[1] then redis.call('EXPIRE', KEYS[2], 2 * ARGV[1]) end
end
redis.call('DEL', KEYS[1])
if last == 0 then return 0 end
redis.call('RPUSH', KEYS[1], unpack(items, 1, last))
return redis.call('EXPIRE', KEYS[1], ARGV[1])
"""

_packed = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True)
class QueueRecentItems:
    """Queues RecentWrites. EVAL takes keys of one slot, so a cluster's pipeline knows where to."""

    keys: RedisKeys

    def __call__(self, pipeline: Any, write: RecentWrite) -> None:
        """Put the whole list in the place of what is there, but for what was erased."""
        key = self.keys.recent(write.tenant_id, write.user_id)
        if write.items:
            mark = self.keys.erased(write.tenant_id, write.user_id)
            items, times = _packed(write.items), _packed(write.times)
            pipeline.execute_command("EVAL", _REPLACE, 2, key, mark, write.ttl_seconds, items, times)
        else:
            pipeline.delete(key)
