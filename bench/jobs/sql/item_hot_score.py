"""Hot scores in Flink SQL, all in Java: a sum that decays from a landmark, by place and item, into Kafka.

    flink run -py bench/jobs/sql/item_hot_score.py

Batches as SQL makes them: mini-batches of 500 ms and two-phase aggregation. It removes no duplicates, validates
nothing, ranks nothing (a reader's sorted set would), forgets no item, and overflows when the landmark is far back.
"""

import os

from pyflink.table import EnvironmentSettings, TableEnvironment

from clickstream.config import KafkaSettings, resolve


def main() -> None:
    """Submit the job. It ends where the topic ends now."""
    bootstrap = resolve(KafkaSettings).bootstrap
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    for key, value in {
        "pipeline.name": "bench-sql-hot-items",
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
            tenant_id STRING, scenario_id STRING, item_id STRING, action_type STRING, `timestamp` BIGINT
        ) WITH ('connector' = 'kafka', 'topic' = '{os.environ["BENCH_TOPIC"]}', 'format' = 'json',
              'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'bench-sql',
              'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset')""")
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE results (
            tenant_id STRING, scenario_id STRING, item_id STRING, score DOUBLE,
            PRIMARY KEY (tenant_id, scenario_id, item_id) NOT ENFORCED
        ) WITH ('connector' = 'upsert-kafka', 'topic' = '{os.environ["BENCH_RESULTS"]}',
              'properties.bootstrap.servers' = '{bootstrap}', 'key.format' = 'json', 'value.format' = 'json')""")
    landmark = int(os.environ["BENCH_LANDMARK_MS"])
    tables.execute_sql(f"""
        INSERT INTO results
        SELECT tenant_id, scenario_id, item_id, LOG2(SUM(weight * POWER(2, age))) + {landmark} / 3600000e0
        FROM (
            SELECT tenant_id, scenario_id, item_id, (`timestamp` - {landmark}) / 3600000e0 AS age,
                   CASE action_type WHEN 'impression' THEN 0.1e0 WHEN 'click' THEN 1e0 WHEN 'view' THEN 2e0
                        WHEN 'like' THEN 3e0 WHEN 'share' THEN 4e0 WHEN 'add_cart' THEN 5e0 WHEN 'order' THEN 10e0
                        ELSE 0e0 END AS weight
            FROM events WHERE item_id <> '')
        WHERE weight > 0
        GROUP BY tenant_id, scenario_id, item_id""")


if __name__ == "__main__":
    main()
