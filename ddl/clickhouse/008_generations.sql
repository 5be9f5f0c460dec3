-- Generations: what separates the events that were stored before a moment from those that came after it, in the events and
-- in every mart alike. `clickstream rebuild` raises the generation (the default of `_generation`); once the inserts that
-- ran at that moment have ended, the rows of older generations are complete, and no mart gets any more of them. So a mart
-- can be counted anew from them while events go on coming in. It is the last column of each mart's key: states of
-- different generations are not merged into one row, and whoever reads states adds them up anyway.
ALTER TABLE user_behaviors_local
    ADD COLUMN IF NOT EXISTS _generation UInt32 DEFAULT 0
    COMMENT 'How many times `clickstream rebuild` had raised it when the row was inserted on this server';

ALTER TABLE metrics_hourly_state
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, bucket, generation);

ALTER TABLE metrics_hourly_mv MODIFY QUERY
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
    uniqExactStateIf(item_id, item_id != '') AS active_items,
    _generation AS generation
FROM user_behaviors_local
GROUP BY tenant_id, scenario_id, date, bucket, generation;

ALTER TABLE item_stats_daily_state
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, item_id, bucket, position, generation);

ALTER TABLE item_stats_daily_mv MODIFY QUERY
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
    countIf(watch_duration > 0 OR completion_rate > 0) AS watched,
    _generation AS generation
FROM user_behaviors_local
WHERE item_id != ''
GROUP BY tenant_id, scenario_id, date, item_id, bucket, position, generation;

ALTER TABLE experiment_metrics_state
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, experiment_id, experiment_group, date, bucket, generation);

ALTER TABLE experiment_metrics_mv MODIFY QUERY
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
    uniqExactStateIf(user_id, action_type = 'order') AS converting_users,
    _generation AS generation
FROM user_behaviors_local
WHERE experiment_id != ''
GROUP BY tenant_id, scenario_id, experiment_id, experiment_group, date, bucket, generation;

ALTER TABLE page_activity_state
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, date, page_host, page_path, viewport, cell_y, cell_x, action_type, element_id, scenario_id, bucket, generation);

ALTER TABLE page_activity_mv MODIFY QUERY
SELECT
    tenant_id,
    scenario_id,
    date,
    toStartOfFifteenMinutes(toDateTime(timestamp, 'UTC')) AS bucket,
    domain(url) AS page_host,
    path(url) AS page_path,
    action_type,
    element_id,
    multiIf(viewport_width < 0, -1, viewport_width < 480, 0, viewport_width < 768, 480, viewport_width < 1024, 768,
        viewport_width < 1280, 1024, viewport_width < 1920, 1280, 1920) AS viewport,
    if(x < 0 OR y < 0, -1, intDiv(x, 20)) AS cell_x,
    if(x < 0 OR y < 0, -1, intDiv(y, 20)) AS cell_y,
    count() AS events,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    max(title) AS page_title,
    _generation AS generation
FROM user_behaviors_local
WHERE url != ''
GROUP BY tenant_id, scenario_id, date, bucket, page_host, page_path, action_type, element_id, viewport, cell_x, cell_y, generation;

ALTER TABLE sessions_state
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, session_id, user_id, generation);

ALTER TABLE sessions_mv MODIFY QUERY
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
    groupArrayIf((timestamp, item_id), action_type = 'view' AND item_id != '') AS items,
    _generation AS generation
FROM user_behaviors_local
WHERE session_id != ''
GROUP BY tenant_id, scenario_id, date, session_id, user_id, generation;

ALTER TABLE user_days_state
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, user_id, generation);

ALTER TABLE user_days_mv MODIFY QUERY
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
    max(timestamp) AS last_seen,
    _generation AS generation
FROM
(
    SELECT
        tenant_id,
        scenario_id,
        date,
        user_id,
        action_type,
        timestamp,
        _generation,
        toUInt8(toHour(timestamp, 'UTC') * 4 + intDiv(toMinute(timestamp, 'UTC'), 15)) AS quarter,
        bitShiftLeft(toUInt64(1), quarter % 48) AS bit
    FROM user_behaviors_local
)
GROUP BY tenant_id, scenario_id, date, user_id, generation;
