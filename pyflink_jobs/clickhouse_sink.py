"""Kafka -> user_behaviors_local on every ClickHouse shard.

    Kafka (ODS, or DWD once events are joined)
      └─ micro-batch of 10,000 rows or 15 s ─ decode ─ replays out ─ duplicates out ─ insert by shard
           └─ outcomes ─ Dead letters: files, alarm ─┬─ Kafka user-behaviors-dead-letters
                                                     └─ Kafka user-behaviors-rejected

Delivery: exactly once in effect. Each row carries its ingest position; after a restart the sink asks the tables which
positions they hold. Rejects and dead letters are written at least once, and carry the position too.
State: none but the source's offsets. The Arrow batch is the batch, and Flink ends it before every checkpoint.
"""

from dataclasses import dataclass

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from clickstream.config import (
    ClickHouseSettings,
    DeadLetterSettings,
    EventSettings,
    KafkaSettings,
    ServerSettings,
    SinkSettings,
    resolve,
)
from clickstream.config.sink import OnExhausted
from clickstream.epoch import current_epoch
from clickstream.errors import ConfigurationError
from clickstream.events.decode import Limits
from clickstream.events.model import LARGEST_EVENT_BYTES
from clickstream.names import JOB_CLICKHOUSE_SINK
from pyflink_jobs._runtime import MicroBatches, environment, kafka_records, submit, warn
from sinks.alarm import require_receivers
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.ingest import IngestConfig
from sinks.clickhouse.preflight import preflight
from sinks.clickhouse.rows import BehaviorRows
from sinks.flink.clickhouse import ClickHouseSink
from sinks.flink.outcomes import keep


@dataclass(frozen=True)
class Config:
    """Everything this job was told, once."""

    kafka: KafkaSettings
    dead_letters: DeadLetterSettings
    ingest: IngestConfig
    batches: MicroBatches

    @property
    def epoch(self) -> int:
        """Of the topic that is read."""
        return self.ingest.rows.epoch


def resolve_config() -> Config:
    """Read the environment, and the topic's epoch from Kafka."""
    kafka, events, sink = resolve(KafkaSettings), resolve(EventSettings), resolve(SinkSettings)
    source = resolve(ServerSettings).source
    topic = kafka.topic(source)
    dead_letters = resolve(DeadLetterSettings)
    require_receivers(dead_letters.alarm_urls)
    limits = Limits(events.oldest_seconds * 1000, events.newest_seconds * 1000)
    return Config(
        kafka=kafka,
        dead_letters=dead_letters,
        ingest=IngestConfig(
            sink=ClickHouseSinkConfig.of(resolve(ClickHouseSettings), sink),
            rows=BehaviorRows(source, current_epoch(kafka, topic), limits),
            topic=topic,
            duplicate_ms=events.duplicate_seconds * 1000,
            duplicate_ids=events.duplicate_ids,
            largest_bytes=LARGEST_EVENT_BYTES,
            dead_ratio=sink.dead_ratio,
            dead_ratio_rows=sink.dead_ratio_rows,
        ),
        batches=MicroBatches(sink.batch_rows, sink.batch_seconds),
    )


def build(tables: StreamTableEnvironment, config: Config) -> None:
    """Assemble the topology."""
    records = kafka_records(tables, config.kafka, config.ingest.topic, JOB_CLICKHOUSE_SINK, config.epoch)
    sink = ClickHouseSink(config.ingest, config.kafka, config.dead_letters, config.batches.rows)
    keep(sink.write(tables, records), config.dead_letters, config.kafka, JOB_CLICKHOUSE_SINK)


def require_budget(env: StreamExecutionEnvironment, sink: ClickHouseSinkConfig) -> None:
    """Refuse settings with which a batch may be retried for longer than a checkpoint may take.

    Raises:
        ConfigurationError: names the settings.
    """
    allowed = env.get_checkpoint_config().get_checkpoint_timeout() / 1000
    longest = sink.policy.longest(sink.insert_timeout)
    if sink.on_exhausted is OnExhausted.DEAD_LETTER and longest >= allowed:
        raise ConfigurationError(
            f"a batch may be tried for {longest:.0f} s, but execution.checkpointing.timeout is {allowed:.0f} s. An "
            "outage would then end in a restart. Lower CLICKSTREAM_SINK_ATTEMPTS, CLICKSTREAM_SINK_RETRY_MAXIMUM or "
            "CLICKSTREAM_CLICKHOUSE_INSERT_TIMEOUT, or raise the checkpoint timeout"
        )


def main() -> None:
    """Submit the job."""
    config = resolve_config()
    found = preflight(config.ingest.sink)
    warn(found.away, "the job is submitted all the same and waits for it")
    warn(found.doubts, "the job is submitted all the same")
    env, tables = environment(config.batches)
    env.get_config().enable_object_reuse()  # no operator here keeps or changes what it was given
    require_budget(env, config.ingest.sink)
    build(tables, config)
    env.execute(JOB_CLICKHOUSE_SINK)


if __name__ == "__main__":
    submit(main)
