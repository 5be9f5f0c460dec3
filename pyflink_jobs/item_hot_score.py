"""Kafka -> hot:items:{tenant}:{scenario} and hot:meta:{tenant}:{scenario} in Redis.

    Kafka (ODS, or DWD once events are joined)
      └─ micro-batch of 10,000 rows or 100 ms ─ decode
           └─ by partition ─ replays out ─ duplicates out ─ log2 sums by place and item
                └─ by bucket ─ merge ─ Redis: changed scores every 500 ms, all of them every minute

Delivery: exact. A score is a function of the set of events; what is written is absolute, so a write that a restart
repeats changes nothing. While Redis is away the job waits, and so does Kafka.
State: by partition the positions reached and, on ODS, hashes of the event ids of the last half hour; by bucket the
score of every item above the floor, and what the cap remembers where there is one.
"""

from dataclasses import dataclass
from functools import partial

from pyflink.table import StreamTableEnvironment

from clickstream.config import EventSettings, HotSettings, KafkaSettings, RedisSettings, ServerSettings, resolve
from clickstream.names import JOB_ITEM_HOT_SCORE
from clickstream.scoring.bucket import HotBucket
from pyflink_jobs._redis import horizon, reading, require_redis
from pyflink_jobs._runtime import MicroBatches, environment, kafka_records, submit
from sinks.redis.client import address
from sinks.redis.hot_items import QueueHotItems
from udfs.decode import Reading
from udfs.elements import by_partition
from udfs.hot_items import PreAggregateScores
from udfs.keep import RedisTarget
from udfs.survivors import Horizon
from udfs.topology import keep, micro_batches, survivors


@dataclass(frozen=True)
class Config:
    """Everything this job was told, once."""

    reading: Reading
    horizon: Horizon
    hot: HotSettings
    redis: RedisTarget
    events: EventSettings

    @property
    def oldest_ms(self) -> int:
        """How much older than the newest event one may be that comes behind it: the newest may be of a fast clock."""
        return (self.events.oldest_seconds + self.events.newest_seconds) * 1000


def resolve_config() -> Config:
    """Read the environment, and the topic's epoch from Kafka."""
    events, servers = resolve(EventSettings), resolve(ServerSettings)
    return Config(
        hot=resolve(HotSettings),
        redis=RedisTarget(address(servers), resolve(RedisSettings)),
        events=events,
        horizon=horizon(servers.source, events),
        reading=reading(resolve(KafkaSettings), servers.source, events),
    )


def build(tables: StreamTableEnvironment, config: Config) -> None:
    """Assemble the topology."""
    source = config.reading
    records = kafka_records(tables, source.kafka, source.topic, JOB_ITEM_HOT_SCORE, source.epoch)
    batches = micro_batches(tables, records, source, by_partition)
    parts = survivors(batches, source, config.horizon, partial(PreAggregateScores, config.hot))
    queue = QueueHotItems(config.redis.settings.keys, config.hot.ttl_seconds)
    keep(parts, source, partial(HotBucket, config.hot, config.oldest_ms), config.redis, queue)


def main() -> None:
    """Submit the job."""
    config = resolve_config()
    require_redis(config.redis)
    env, tables = environment(MicroBatches(config.hot.batch_rows, config.hot.batch_seconds))
    build(tables, config)
    env.execute(JOB_ITEM_HOT_SCORE)


if __name__ == "__main__":
    submit(main)
