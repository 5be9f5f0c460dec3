"""Kafka -> metrics:realtime:{tenant}:{scenario} in Redis, and Kafka recommendation-metrics.

    Kafka (ODS, or DWD once events are joined)
      └─ micro-batch of 10,000 rows or 100 ms ─ decode
           └─ by partition ─ replays out ─ duplicates out ─ counts by place and minute, late ones apart
                └─ by bucket ─ merge ─┬─ Redis: windows that changed every 500 ms, all of them every minute
                                      └─ Kafka recommendation-metrics: minutes that are closed, and corrections

Delivery: exact in Redis, for windows are written whole. Closed minutes at least once: what a restart writes again has
the same key and the same content, because only an event's own ODS partition decides whether it is late.
State: by partition the positions and times reached and, on ODS, hashes of the event ids of the last half hour; by
bucket the counts and sketches of each minute of the window, and of closed ones that can still be corrected.
"""

from dataclasses import dataclass
from functools import partial

from pyflink.table import StreamTableEnvironment

from clickstream.config import (
    EventSettings,
    KafkaSettings,
    LiveMetricsSettings,
    RedisSettings,
    ServerSettings,
    resolve,
)
from clickstream.metrics.bucket import MetricsBucket
from clickstream.names import JOB_REALTIME_METRICS
from clickstream.replay_filter import Stream
from pyflink_jobs._redis import horizon, ods_streams, reading, require_redis
from pyflink_jobs._runtime import MicroBatches, environment, kafka_records, submit
from sinks.flink.keyed_topic import create_keyed_topic
from sinks.redis.client import address
from sinks.redis.live_metrics import QueueLiveMetrics
from udfs.decode import Reading
from udfs.elements import by_partition
from udfs.keep import RedisTarget
from udfs.live_metrics import PreAggregateMinutes
from udfs.survivors import Horizon
from udfs.topology import keep, micro_batches, survivors


@dataclass(frozen=True)
class Config:
    """Everything this job was told, once."""

    reading: Reading
    streams: tuple[Stream, ...]
    horizon: Horizon
    metrics: LiveMetricsSettings
    redis: RedisTarget


def resolve_config() -> Config:
    """Read the environment, and from Kafka the topic's epoch and its partitions."""
    events, servers, kafka = resolve(EventSettings), resolve(ServerSettings), resolve(KafkaSettings)
    return Config(
        metrics=resolve(LiveMetricsSettings),
        redis=RedisTarget(address(servers), resolve(RedisSettings)),
        horizon=horizon(servers.source, events),
        reading=reading(kafka, servers.source, events),
        streams=ods_streams(kafka, servers.source),
    )


def build(tables: StreamTableEnvironment, config: Config) -> None:
    """Assemble the topology."""
    source, kafka = config.reading, config.reading.kafka
    records = kafka_records(tables, kafka, source.topic, JOB_REALTIME_METRICS, source.epoch)
    batches = micro_batches(tables, records, source, by_partition)
    parts = survivors(batches, source, config.horizon, partial(PreAggregateMinutes, config.metrics))
    queue = QueueLiveMetrics(config.redis.settings.keys, config.metrics.ttl_seconds)
    closed = keep(parts, source, partial(MetricsBucket, config.metrics, config.streams), config.redis, queue)

    # The second part of the job that the Table bridge translates: uids of its own, or they would be those of the first.
    tables.get_config().set("table.exec.uid.format", "closed_<type>_<transformation>")
    topic = create_keyed_topic(tables, kafka.bootstrap, kafka.topic_metrics, None)
    tables.create_temporary_view("closed", tables.from_data_stream(closed))
    statements = tables.create_statement_set()
    statements.add_insert_sql(f"INSERT INTO `{topic}` SELECT `key`, `value` FROM closed")
    statements.attach_as_datastream()


def main() -> None:
    """Submit the job."""
    config = resolve_config()
    require_redis(config.redis)
    env, tables = environment(MicroBatches(config.metrics.batch_rows, config.metrics.batch_seconds))
    build(tables, config)
    env.execute(JOB_REALTIME_METRICS)


if __name__ == "__main__":
    submit(main)
