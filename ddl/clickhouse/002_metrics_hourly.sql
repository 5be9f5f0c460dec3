-- Counts by quarter of an hour: what dashboards and trends ask for. Fifteen minutes, because days of time zones at
-- :30 and :45 begin there. The name is the published one; `metrics_hourly` (repeatable/) merges the quarters to hours.
CREATE TABLE IF NOT EXISTS metrics_hourly_state
(
    tenant_id LowCardinality(String) COMMENT 'Customer of the platform',
    scenario_id LowCardinality(String) COMMENT 'Place where recommendations appear',
    date Date COMMENT 'Day of the event time in UTC',
    bucket DateTime('UTC') COMMENT 'Quarter of an hour of the event time: its begin',
    events SimpleAggregateFunction(sum, UInt64) COMMENT 'Events of any kind',
    impressions SimpleAggregateFunction(sum, UInt64),
    clicks SimpleAggregateFunction(sum, UInt64),
    views SimpleAggregateFunction(sum, UInt64),
    likes SimpleAggregateFunction(sum, UInt64),
    shares SimpleAggregateFunction(sum, UInt64),
    add_carts SimpleAggregateFunction(sum, UInt64),
    conversions SimpleAggregateFunction(sum, UInt64) COMMENT 'Orders',
    pageviews SimpleAggregateFunction(sum, UInt64),
    active_users AggregateFunction(uniqExact, String) COMMENT 'Users with any event; exact: uniqExactMerge',
    active_items AggregateFunction(uniqExact, String) COMMENT 'Items of any event; exact: uniqExactMerge'
)
ENGINE = ${engine AggregatingMergeTree()}
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, bucket)
-- A retried insert must not count twice here either: see user_behaviors_local.
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Counts and distinct users by quarter of an hour, as states';

CREATE MATERIALIZED VIEW IF NOT EXISTS metrics_hourly_mv TO metrics_hourly_state AS
SELECT
    tenant_id,
    scenario_id,
    date,
    toStartOfFifteenMinutes(toDateTime(timestamp, 'UTC')) AS bucket,
    count() AS events,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'view') AS views,
    countIf(action_type = 'like') AS likes,
    countIf(action_type = 'share') AS shares,
    countIf(action_type = 'add_cart') AS add_carts,
    countIf(action_type = 'order') AS conversions,
    countIf(action_type = 'pageview') AS pageviews,
    uniqExactState(user_id) AS active_users,
    uniqExactStateIf(item_id, item_id != '') AS active_items
FROM user_behaviors_local
GROUP BY tenant_id, scenario_id, date, bucket;
