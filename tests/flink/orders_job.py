"""A job of somebody's own: JSON orders from a topic into a table that they made, through the platform's sink."""

from clickstream.config import ClickHouseSettings, DeadLetterSettings, KafkaSettings, resolve
from clickstream.epoch import current_epoch
from pyflink_jobs._runtime import MicroBatches, environment, kafka_records
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.ingest import IngestConfig
from sinks.clickhouse.rows import JsonRows
from sinks.flink.clickhouse import ClickHouseSink
from sinks.flink.outcomes import keep

JOB = "Orders"


def main() -> None:
    """Submit the job."""
    kafka, dead_letters = resolve(KafkaSettings), resolve(DeadLetterSettings)
    topic, urls = kafka.topic_behaviors, resolve(ClickHouseSettings).urls
    epoch = current_epoch(kafka, topic)
    env, tables = environment(MicroBatches(rows=1_000, seconds=1))
    source = kafka_records(tables, kafka, topic, JOB, epoch)

    config = IngestConfig(ClickHouseSinkConfig.to(urls, "orders_local"), JsonRows(epoch), topic)
    sink = ClickHouseSink(config, kafka, dead_letters, batch_rows=1_000)
    outcomes = sink.write(tables, source)
    keep(outcomes, dead_letters, kafka, JOB)

    env.execute(JOB)


if __name__ == "__main__":
    main()
