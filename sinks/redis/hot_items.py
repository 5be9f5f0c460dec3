"""Hot scores in Redis: a ZSET for each place, and a HASH that says how its scores were made."""

from dataclasses import dataclass
from typing import Any

import msgspec

from clickstream.redis_keys import RedisKeys
from clickstream.scoring.bucket import HotWrite

# KEYS[1]; ARGV: how many stay, seconds to live, then score and member in turns. Lua takes so many arguments at once.
_REPLACE = """
redis.call('DEL', KEYS[1])
for i = 3, #ARGV, 2000 do
  redis.call('ZADD', KEYS[1], unpack(ARGV, i, math.min(i + 1999, #ARGV)))
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[1]))
return redis.call('EXPIRE', KEYS[1], ARGV[2])
"""


@dataclass(frozen=True)
class QueueHotItems:
    """Queues HotWrites. EVAL takes one key, so a cluster's pipeline knows where to; it has no method for it.

    Between ZADD and the trim after it a reader may see a few items more than the top N.
    """

    keys: RedisKeys
    ttl_seconds: int

    def __call__(self, pipeline: Any, write: HotWrite) -> None:
        """ZADD of absolute scores, or all of them in the place of what is there; then the meta HASH."""
        key = self.keys.hot_items(*write.place)
        meta = self.keys.hot_meta(*write.place)
        if write.whole and not write.scores:
            pipeline.delete(key)
            pipeline.delete(meta)
            return
        if write.whole:
            pairs = [part for item, score in write.scores.items() for part in (repr(score), item)]
            pipeline.execute_command("EVAL", _REPLACE, 1, key, write.rule.top, self.ttl_seconds, *pairs)
        else:
            pipeline.zadd(key, write.scores)
            pipeline.zremrangebyrank(key, 0, -1 - write.rule.top)
            pipeline.expire(key, self.ttl_seconds)
        weights = {action.value: weight for action, weight in write.rule.weights.items()}
        fields: dict[str, Any] = {
            "half_life": repr(write.rule.half_life_ms / 1000),
            "weights": msgspec.json.encode(weights).decode(),
            "updated_at": write.now_ms,
        }
        pipeline.hset(meta, mapping=fields)
        pipeline.expire(meta, self.ttl_seconds)
