"""A job of somebody's own: JSON orders into a table that they made. Between the rules stand the lines of docs/SINK.md.

It has its environment and its source from Flink alone, for nobody else's job needs those of this project.
"""

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from clickstream.config import ClickHouseSettings, DeadLetterSettings, KafkaSettings, resolve
from clickstream.epoch import current_epoch
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.ingest import IngestConfig
from sinks.clickhouse.rows import JsonRows
from sinks.flink.clickhouse import ClickHouseSink
from sinks.flink.outcomes import keep


def main() -> None:
    """Submit the job."""
    kafka, dead_letters = resolve(KafkaSettings), resolve(DeadLetterSettings)
    urls = resolve(ClickHouseSettings).urls
    batches = Configuration()
    batches.set_string("python.fn-execution.arrow.batch.size", "1000")
    batches.set_string("python.fn-execution.bundle.size", "1000")
    batches.set_string("python.fn-execution.bundle.time", "1000")
    env = StreamExecutionEnvironment.get_execution_environment(batches)
    tables = StreamTableEnvironment.create(env)
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE orders (
            `value` BYTES,
            `partition` INT METADATA VIRTUAL,
            `offset` BIGINT METADATA VIRTUAL,
            `timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL
        ) WITH (
            'connector' = 'kafka',
            'topic' = 'orders',
            'properties.bootstrap.servers' = '{kafka.bootstrap}',
            'properties.group.id' = '{kafka.group_prefix}-orders-sink',
            'scan.startup.mode' = 'earliest-offset',
            'value.format' = 'raw'
        )""")
    records = tables.from_path("orders")

    # --- docs/SINK.md ---
    epoch = current_epoch(kafka, "orders")
    config = IngestConfig(ClickHouseSinkConfig.to(urls, "orders_local"), JsonRows(epoch, key="customer_id"), "orders")
    sink = ClickHouseSink(config, kafka, dead_letters)
    outcomes = sink.write(tables, records)
    keep(outcomes, dead_letters, kafka, "orders-sink")  # files, alarm, topics
    # --------------------

    env.execute("Orders")


if __name__ == "__main__":
    main()
