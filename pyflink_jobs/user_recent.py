"""Kafka -> user:recent:{user_id} in Redis: the last items that a user viewed or clicked, newest first, each once.

    Kafka (ODS, or DWD once events are joined)
      └─ micro-batch of 10,000 rows or 100 ms ─ decode ─ newest time by user and item
           └─ by bucket ─ merge ─ Redis: changed lists every 500 ms, all of them every minute

Delivery: exact. The time of an item is that of its newest event, so replays, duplicates and late events merge to the
same list without being told apart; each list is written whole. While Redis is away the job waits, and so does Kafka.
State: by bucket the lists of users who were active within the time to live, bounded by their number.
"""

from dataclasses import dataclass
from functools import partial

from pyflink.table import StreamTableEnvironment

from clickstream.config import EventSettings, KafkaSettings, RecentSettings, RedisSettings, ServerSettings, resolve
from clickstream.names import JOB_USER_RECENT
from clickstream.recent_items.bucket import RecentBucket
from pyflink_jobs._redis import reading, require_redis
from pyflink_jobs._runtime import MicroBatches, environment, kafka_records, submit
from sinks.redis.client import address
from sinks.redis.recent_items import QueueRecentItems
from udfs.decode import Reading
from udfs.keep import RedisTarget
from udfs.recent_items import by_bucket
from udfs.topology import keep, micro_batches


@dataclass(frozen=True)
class Config:
    """Everything this job was told, once."""

    reading: Reading
    recent: RecentSettings
    redis: RedisTarget


def resolve_config() -> Config:
    """Read the environment, and the topic's epoch from Kafka."""
    servers = resolve(ServerSettings)
    return Config(
        recent=resolve(RecentSettings),
        redis=RedisTarget(address(servers), resolve(RedisSettings)),
        reading=reading(resolve(KafkaSettings), servers.source, resolve(EventSettings)),
    )


def build(tables: StreamTableEnvironment, config: Config) -> None:
    """Assemble the topology."""
    source, keys = config.reading, config.redis.settings.keys
    records = kafka_records(tables, source.kafka, source.topic, JOB_USER_RECENT, source.epoch)
    parts = micro_batches(tables, records, source, by_bucket)
    make = partial(RecentBucket, config.recent, keys.recent_by_tenant)
    keep(parts, source, make, config.redis, QueueRecentItems(keys))


def main() -> None:
    """Submit the job."""
    config = resolve_config()
    require_redis(config.redis)
    env, tables = environment(MicroBatches(config.recent.batch_rows, config.recent.batch_seconds))
    build(tables, config)
    env.execute(JOB_USER_RECENT)


if __name__ == "__main__":
    submit(main)
