-- Visits with the pages and items that they saw, in order: entry, exit, duration, bounce, paths. A row is what one
-- session did in one scenario on one day (UTC); `sessions` (repeatable/) puts them together.
CREATE TABLE IF NOT EXISTS sessions_state
(
    tenant_id LowCardinality(String) COMMENT 'Customer of the platform',
    scenario_id LowCardinality(String) COMMENT 'Place where recommendations appear',
    date Date COMMENT 'Day of the event time in UTC',
    session_id String COMMENT 'Visit, as the tracker counts it',
    user_id String COMMENT 'Visitor or account, unique within the tenant',
    started SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'Least event time',
    ended SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Greatest event time',
    events SimpleAggregateFunction(sum, UInt64) COMMENT 'Events of any kind',
    impressions SimpleAggregateFunction(sum, UInt64),
    clicks SimpleAggregateFunction(sum, UInt64),
    conversions SimpleAggregateFunction(sum, UInt64) COMMENT 'Orders',
    interactions SimpleAggregateFunction(sum, UInt64) COMMENT 'Events other than impressions and pageviews',
    pages SimpleAggregateFunction(groupArrayArray, Array(Tuple(DateTime64(3, 'UTC'), String))) COMMENT 'Pageviews: time, host and path; in no order',
    items SimpleAggregateFunction(groupArrayArray, Array(Tuple(DateTime64(3, 'UTC'), String))) COMMENT 'Views of items: time, item_id; in no order'
)
ENGINE = ${engine AggregatingMergeTree()}
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, session_id, user_id)
TTL date + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Sessions with their pages and items, as states';

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_mv TO sessions_state AS
SELECT
    tenant_id,
    scenario_id,
    date,
    session_id,
    user_id,
    min(timestamp) AS started,
    max(timestamp) AS ended,
    count() AS events,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'order') AS conversions,
    countIf(action_type NOT IN ('impression', 'pageview')) AS interactions,
    groupArrayIf((timestamp, concat(domain(url), path(url))), action_type = 'pageview') AS pages,
    groupArrayIf((timestamp, item_id), action_type = 'view' AND item_id != '') AS items
FROM user_behaviors_local
WHERE session_id != ''
GROUP BY tenant_id, scenario_id, date, session_id, user_id;
