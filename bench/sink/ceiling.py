"""The ceiling: Kafka -> discard, all in Java. A bounded job; its duration is the measurement.

flink run -py bench/sink/ceiling.py
"""

import os

from pyflink.table import EnvironmentSettings, TableEnvironment

from clickstream.config import KafkaSettings, resolve


def main() -> None:
    """Read the topic once and throw it away."""
    kafka, topic = resolve(KafkaSettings), os.environ["BENCH_TOPIC"]
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    tables.get_config().set("pipeline.name", "bench-ceiling")
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE events (
            `value` BYTES, `partition` INT METADATA VIRTUAL, `offset` BIGINT METADATA VIRTUAL
        ) WITH ('connector' = 'kafka', 'topic' = '{topic}', 'properties.bootstrap.servers' = '{kafka.bootstrap}',
              'properties.group.id' = 'bench-ceiling', 'scan.startup.mode' = 'earliest-offset',
              'scan.bounded.mode' = 'latest-offset', 'value.format' = 'raw')""")
    tables.execute_sql(
        "CREATE TEMPORARY TABLE discard (`value` BYTES, `partition` INT, `offset` BIGINT) "
        "WITH ('connector' = 'blackhole')"
    )
    tables.execute_sql("INSERT INTO discard SELECT `value`, `partition`, `offset` FROM events")


if __name__ == "__main__":
    main()
