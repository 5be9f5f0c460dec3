"""Live metrics in Flink SQL, all in Java: minutes of event time, counts and exact distinct counts, into Kafka.

    flink run -py bench/jobs/sql/realtime_metrics.py

What SQL says here are the closed minutes. It removes no duplicates, validates nothing, corrects nothing that came late,
and has no rolling hour for Redis.
"""

import os

from pyflink.table import EnvironmentSettings, TableEnvironment

from clickstream.config import KafkaSettings, resolve


def main() -> None:
    """Submit the job. It ends where the topic ends now."""
    bootstrap = resolve(KafkaSettings).bootstrap
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    tables.get_config().set("pipeline.name", "bench-sql-live-metrics")
    tables.get_config().set("table.local-time-zone", "UTC")
    # Two operators would get one uid by the format that the jobs use; nothing restores this job.
    tables.get_config().set("table.exec.uid.generation", "DISABLED")
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE events (
            tenant_id STRING, scenario_id STRING, user_id STRING, item_id STRING, action_type STRING,
            `timestamp` BIGINT,
            happened AS TO_TIMESTAMP_LTZ(`timestamp`, 3), WATERMARK FOR happened AS happened - INTERVAL '2' MINUTE
        ) WITH ('connector' = 'kafka', 'topic' = '{os.environ["BENCH_TOPIC"]}', 'format' = 'json',
              'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'bench-sql',
              'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset')""")
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE results (
            tenant_id STRING, scenario_id STRING, `minute` BIGINT, impressions BIGINT, clicks BIGINT, `views` BIGINT,
            likes BIGINT, shares BIGINT, add_carts BIGINT, conversions BIGINT, active_users BIGINT, active_items BIGINT
        ) WITH ('connector' = 'kafka', 'topic' = '{os.environ["BENCH_RESULTS"]}',
              'properties.bootstrap.servers' = '{bootstrap}', 'value.format' = 'json',
              'key.format' = 'json', 'key.fields' = 'tenant_id;scenario_id;minute')""")
    tables.execute_sql("""
        INSERT INTO results
        SELECT tenant_id, scenario_id, MIN(`timestamp`) / 60000,
               COUNT(*) FILTER (WHERE action_type = 'impression'), COUNT(*) FILTER (WHERE action_type = 'click'),
               COUNT(*) FILTER (WHERE action_type = 'view'), COUNT(*) FILTER (WHERE action_type = 'like'),
               COUNT(*) FILTER (WHERE action_type = 'share'), COUNT(*) FILTER (WHERE action_type = 'add_cart'),
               COUNT(*) FILTER (WHERE action_type = 'order'),
               COUNT(DISTINCT user_id), COUNT(DISTINCT NULLIF(item_id, ''))
        FROM TUMBLE(TABLE events, DESCRIPTOR(happened), INTERVAL '1' MINUTE)
        GROUP BY tenant_id, scenario_id, window_start, window_end""")


if __name__ == "__main__":
    main()
