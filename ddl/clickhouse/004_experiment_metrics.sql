-- What each group of an experiment did. Besides counts, distinct users by what they did: a conversion rate per user and
-- the check of the groups' sizes need them.
CREATE TABLE IF NOT EXISTS experiment_metrics_state
(
    tenant_id LowCardinality(String) COMMENT 'Customer of the platform',
    scenario_id LowCardinality(String) COMMENT 'Place where recommendations appear',
    experiment_id String COMMENT 'Experiment that the user takes part in',
    experiment_group String COMMENT 'Group within the experiment',
    date Date COMMENT 'Day of the event time in UTC',
    bucket DateTime('UTC') COMMENT 'Quarter of an hour of the event time: its begin',
    events SimpleAggregateFunction(sum, UInt64) COMMENT 'Events of any kind',
    impressions SimpleAggregateFunction(sum, UInt64),
    clicks SimpleAggregateFunction(sum, UInt64),
    views SimpleAggregateFunction(sum, UInt64),
    add_carts SimpleAggregateFunction(sum, UInt64),
    conversions SimpleAggregateFunction(sum, UInt64) COMMENT 'Orders',
    total_watch_duration SimpleAggregateFunction(sum, Int64) COMMENT 'Seconds',
    completion_sum SimpleAggregateFunction(sum, Float64) COMMENT 'Sum of completion_rate, 0 to 1 each',
    watched SimpleAggregateFunction(sum, UInt64) COMMENT 'Events that say how long or how much was watched',
    active_users AggregateFunction(uniqExact, String) COMMENT 'Users with any event; exact: uniqExactMerge',
    clicking_users AggregateFunction(uniqExact, String) COMMENT 'Users who clicked; exact: uniqExactMerge',
    converting_users AggregateFunction(uniqExact, String) COMMENT 'Users who ordered; exact: uniqExactMerge'
)
ENGINE = ${engine AggregatingMergeTree()}
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, experiment_id, experiment_group, date, bucket)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Counts and distinct users by group of an experiment and quarter of an hour, as states';

CREATE MATERIALIZED VIEW IF NOT EXISTS experiment_metrics_mv TO experiment_metrics_state AS
SELECT
    tenant_id,
    scenario_id,
    experiment_id,
    experiment_group,
    date,
    toStartOfFifteenMinutes(toDateTime(timestamp, 'UTC')) AS bucket,
    count() AS events,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'view') AS views,
    countIf(action_type = 'add_cart') AS add_carts,
    countIf(action_type = 'order') AS conversions,
    sum(toInt64(watch_duration)) AS total_watch_duration,
    sum(toFloat64(completion_rate)) AS completion_sum,
    countIf(watch_duration > 0 OR completion_rate > 0) AS watched,
    uniqExactState(user_id) AS active_users,
    uniqExactStateIf(user_id, action_type = 'click') AS clicking_users,
    uniqExactStateIf(user_id, action_type = 'order') AS converting_users
FROM user_behaviors_local
WHERE experiment_id != ''
GROUP BY tenant_id, scenario_id, experiment_id, experiment_group, date, bucket;
