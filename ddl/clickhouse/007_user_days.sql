-- Who was there on which day, and in which quarters of an hour of it: retention in any time zone, and users.
CREATE TABLE IF NOT EXISTS user_days_state
(
    tenant_id LowCardinality(String) COMMENT 'Customer of the platform',
    scenario_id LowCardinality(String) COMMENT 'Place where recommendations appear',
    date Date COMMENT 'Day of the event time in UTC',
    user_id String COMMENT 'Visitor or account, unique within the tenant',
    quarters_am SimpleAggregateFunction(groupBitOr, UInt64) COMMENT 'Bit n: an event in the quarter of an hour n of the day, 0 to 47',
    quarters_pm SimpleAggregateFunction(groupBitOr, UInt64) COMMENT 'Bit n: an event in the quarter of an hour 48 + n of the day',
    events SimpleAggregateFunction(sum, UInt64) COMMENT 'Events of any kind',
    conversions SimpleAggregateFunction(sum, UInt64) COMMENT 'Orders',
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'Least event time',
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Greatest event time'
)
ENGINE = ${engine AggregatingMergeTree()}
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, user_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Users by day, as states';

CREATE MATERIALIZED VIEW IF NOT EXISTS user_days_mv TO user_days_state AS
SELECT
    tenant_id,
    scenario_id,
    date,
    user_id,
    groupBitOr(if(quarter < 48, bit, 0)) AS quarters_am,
    groupBitOr(if(quarter < 48, 0, bit)) AS quarters_pm,
    count() AS events,
    countIf(action_type = 'order') AS conversions,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen
FROM
(
    SELECT
        tenant_id,
        scenario_id,
        date,
        user_id,
        action_type,
        timestamp,
        toUInt8(toHour(timestamp, 'UTC') * 4 + intDiv(toMinute(timestamp, 'UTC'), 15)) AS quarter,
        bitShiftLeft(toUInt64(1), quarter % 48) AS bit
    FROM user_behaviors_local
)
GROUP BY tenant_id, scenario_id, date, user_id;
