"""Recent items in Flink SQL, all in Java: the newest time of each item, the 50 newest items of each user, into Kafka.

    flink run -py bench/jobs/sql/user_recent.py

Batches as SQL makes them: mini-batches of 500 ms and two-phase aggregation. SQL writes a row for each item of a list,
with a tombstone when it leaves; no list comes out whole. It validates nothing, and forgets no user.
"""

import os

from pyflink.table import EnvironmentSettings, TableEnvironment

from clickstream.config import KafkaSettings, resolve


def main() -> None:
    """Submit the job. It ends where the topic ends now."""
    bootstrap = resolve(KafkaSettings).bootstrap
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    for key, value in {
        "pipeline.name": "bench-sql-recent-items",
        # Two operators would get one uid by the format that the jobs use; nothing restores this job.
        "table.exec.uid.generation": "DISABLED",
        "table.exec.mini-batch.enabled": "true",
        "table.exec.mini-batch.allow-latency": "500 ms",
        "table.exec.mini-batch.size": "50000",
        "table.optimizer.agg-phase-strategy": "TWO_PHASE",
    }.items():
        tables.get_config().set(key, value)
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE events (
            tenant_id STRING, user_id STRING, item_id STRING, action_type STRING, `timestamp` BIGINT
        ) WITH ('connector' = 'kafka', 'topic' = '{os.environ["BENCH_TOPIC"]}', 'format' = 'json',
              'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'bench-sql',
              'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset')""")
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE results (
            tenant_id STRING, user_id STRING, item_id STRING, newest BIGINT,
            PRIMARY KEY (tenant_id, user_id, item_id) NOT ENFORCED
        ) WITH ('connector' = 'upsert-kafka', 'topic' = '{os.environ["BENCH_RESULTS"]}',
              'properties.bootstrap.servers' = '{bootstrap}', 'key.format' = 'json', 'value.format' = 'json')""")
    tables.execute_sql("""
        INSERT INTO results
        SELECT tenant_id, user_id, item_id, newest
        FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant_id, user_id ORDER BY newest DESC) AS place
            FROM (
                SELECT tenant_id, user_id, item_id, MAX(`timestamp`) AS newest
                FROM events WHERE item_id <> '' AND action_type IN ('view', 'click')
                GROUP BY tenant_id, user_id, item_id))
        WHERE place <= 50""")


if __name__ == "__main__":
    main()
