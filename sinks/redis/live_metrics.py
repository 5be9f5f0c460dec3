"""Live metrics in Redis: a HASH for each place."""

from dataclasses import asdict, dataclass
from typing import Any

from clickstream.metrics.bucket import MetricsWrite
from clickstream.redis_keys import RedisKeys


@dataclass(frozen=True)
class QueueLiveMetrics:
    """Queues MetricsWrites: all fields in one command, so a reader never sees half of them."""

    keys: RedisKeys
    ttl_seconds: int

    def __call__(self, pipeline: Any, write: MetricsWrite) -> None:
        """HSET of every field; the key expires when nobody writes it any more."""
        key = self.keys.metrics(*write.place)
        fields: dict[str, Any] = {
            **asdict(write.figures),
            "window_start": write.window_start,
            "window_end": write.window_end,
            "updated_at": write.updated_at,
        }
        pipeline.hset(key, mapping=fields)
        pipeline.expire(key, self.ttl_seconds)
