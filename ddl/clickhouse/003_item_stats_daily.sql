-- What happened to each item, by slot of its list: top items, click rate by position, and the click rate of an item with
-- the advantage of its slots taken out.
CREATE TABLE IF NOT EXISTS item_stats_daily_state
(
    tenant_id LowCardinality(String) COMMENT 'Customer of the platform',
    scenario_id LowCardinality(String) COMMENT 'Place where recommendations appear',
    date Date COMMENT 'Day of the event time in UTC',
    item_id String COMMENT 'Recommended item',
    bucket DateTime('UTC') COMMENT 'Quarter of an hour of the event time: its begin',
    position Int32 COMMENT 'Slot in the list, -1: the event names none',
    events SimpleAggregateFunction(sum, UInt64) COMMENT 'Events of any kind',
    impressions SimpleAggregateFunction(sum, UInt64),
    clicks SimpleAggregateFunction(sum, UInt64),
    views SimpleAggregateFunction(sum, UInt64),
    likes SimpleAggregateFunction(sum, UInt64),
    shares SimpleAggregateFunction(sum, UInt64),
    add_carts SimpleAggregateFunction(sum, UInt64),
    conversions SimpleAggregateFunction(sum, UInt64) COMMENT 'Orders',
    total_watch_duration SimpleAggregateFunction(sum, Int64) COMMENT 'Seconds',
    completion_sum SimpleAggregateFunction(sum, Float64) COMMENT 'Sum of completion_rate, 0 to 1 each',
    watched SimpleAggregateFunction(sum, UInt64) COMMENT 'Events that say how long or how much was watched'
)
ENGINE = ${engine AggregatingMergeTree()}
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, item_id, bucket, position)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Counts by item, slot and quarter of an hour, as states';

CREATE MATERIALIZED VIEW IF NOT EXISTS item_stats_daily_mv TO item_stats_daily_state AS
SELECT
    tenant_id,
    scenario_id,
    date,
    item_id,
    toStartOfFifteenMinutes(toDateTime(timestamp, 'UTC')) AS bucket,
    position,
    count() AS events,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'view') AS views,
    countIf(action_type = 'like') AS likes,
    countIf(action_type = 'share') AS shares,
    countIf(action_type = 'add_cart') AS add_carts,
    countIf(action_type = 'order') AS conversions,
    sum(toInt64(watch_duration)) AS total_watch_duration,
    sum(toFloat64(completion_rate)) AS completion_sum,
    countIf(watch_duration > 0 OR completion_rate > 0) AS watched
FROM user_behaviors_local
WHERE item_id != ''
GROUP BY tenant_id, scenario_id, date, item_id, bucket, position;
