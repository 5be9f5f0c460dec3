-- The tables of clickstream for the cluster production. Run it on any one of its servers, and again after an
-- upgrade: every statement can be repeated. Each server's macros must define {shard} and {replica}.
-- Run the first statement by itself, the others with shop as the current database.

-- database
CREATE DATABASE IF NOT EXISTS `shop` ON CLUSTER 'production';

-- 001_user_behaviors
CREATE TABLE IF NOT EXISTS user_behaviors_local ON CLUSTER 'production'
(
    -- who did what
    event_id String COMMENT 'Unique per event; UUIDv7 from the tracker. Repeated when a client sends an event twice',
    tenant_id String COMMENT 'Customer of the platform',
    scenario_id String COMMENT 'Place where recommendations appear, such as a feed or a product page',
    user_id String COMMENT 'Visitor or account, unique within the tenant',
    item_id String COMMENT 'Recommended item; empty for pageview and custom',
    action_type Enum8('impression' = 1, 'click' = 2, 'view' = 3, 'like' = 4, 'share' = 5, 'add_cart' = 6, 'order' = 7, 'pageview' = 8, 'custom' = 9) COMMENT 'What the user did; 1 to 7 happen to an item',
    event_name LowCardinality(String) COMMENT 'Name of a custom event; otherwise the same as action_type',
    session_id String COMMENT 'Visit, as the tracker counts it',

    -- where it came from
    context Tuple(
        device_type LowCardinality(String),
        device_brand LowCardinality(String),
        os LowCardinality(String),
        os_version LowCardinality(String),
        browser LowCardinality(String),
        browser_version LowCardinality(String),
        language LowCardinality(String),
        location LowCardinality(String),
        ip String,
        user_agent String,
        is_bot Bool) COMMENT 'Filled by the collector. location is CC-REGION/City; ip is truncated or hashed by policy; language is a BCP 47 tag',
    platform LowCardinality(String) COMMENT 'Kind of client: web, ios, android, ...',
    app_version LowCardinality(String) COMMENT 'Version of the site or app',
    channel LowCardinality(String) COMMENT 'How the visit began: search, mail, direct, ...',

    -- the page
    url String COMMENT 'Address of the page',
    referrer String COMMENT 'Address of the page before it',
    title String COMMENT 'Title of the page',
    element_id String COMMENT 'DOM id or path of the element that was acted on',
    x Int32 DEFAULT -1 COMMENT 'CSS pixels from the left edge of the page; -1: absent',
    y Int32 DEFAULT -1 COMMENT 'CSS pixels from the top of the page; -1: absent',
    viewport_width Int32 DEFAULT -1 COMMENT 'CSS pixels; -1: absent',
    viewport_height Int32 DEFAULT -1 COMMENT 'CSS pixels; -1: absent',
    search_query String COMMENT 'What the user searched for',

    -- the recommendation
    request_id String COMMENT 'Recommendation list; joins an impression to its click',
    position Int32 DEFAULT -1 COMMENT 'Slot in that list, from 0; -1: absent',
    experiment_id String COMMENT 'Experiment that the user takes part in',
    experiment_group String COMMENT 'Group within the experiment',

    -- how much
    watch_duration Int32 COMMENT 'Seconds that the item was looked at; 0 when absent',
    completion_rate Float32 COMMENT 'Share of the item that was seen, 0 to 1; 0 when absent',
    order_id String COMMENT 'Order that the item is part of',
    quantity Int32 COMMENT 'Pieces; 0 when absent',
    price Float64 COMMENT 'Price of one piece in `currency`; 0 when absent',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of price',
    extra_data String COMMENT 'JSON object with everything else that was sent, at most 8 KiB; empty when there is nothing',

    -- dimensions, joined on the way in
    product_name String COMMENT 'Name of the item at the time of the event',
    product_brand LowCardinality(String) COMMENT 'Brand of the item',
    product_price Float64 COMMENT 'List price of the item at the time of the event, in the currency of the catalogue; 0 when unknown',
    category_1 LowCardinality(String) COMMENT 'Category of the item, top level',
    category_2 LowCardinality(String) COMMENT 'Category of the item, second level',
    category_3 LowCardinality(String) COMMENT 'Category of the item, third level',
    geo_country LowCardinality(String) COMMENT 'Country of context.location',
    geo_region LowCardinality(String) COMMENT 'Region of context.location',
    geo_city LowCardinality(String) COMMENT 'City of context.location',
    scenario_name LowCardinality(String) COMMENT 'Name of the scenario',
    dim_missing Array(LowCardinality(String)) COMMENT 'Dimensions that could not be joined; empty when all were',

    -- when
    timestamp DateTime64(3) COMMENT 'Event time: when the client says it happened, to the millisecond',
    received_at DateTime64(3) COMMENT 'When the collector, else Kafka, received it, to the millisecond',
    date Date DEFAULT toDate(timestamp, 'UTC') COMMENT 'Day of the event time in UTC',

    -- ingest position: unique per event, see docs/ARCHITECTURE.md
    _epoch UInt32 COMMENT 'Which topic: hash of its Kafka id and the generation of reading it; 0: not read from Kafka',
    _partition UInt16 COMMENT 'Partition of the ODS topic',
    _offset UInt64 COMMENT 'Offset in that partition',

    -- computed by queries that name them
    hour UInt8 ALIAS toHour(timestamp, 'UTC') COMMENT 'Hour of the event time in UTC, 0 to 23',
    weekday UInt8 ALIAS toDayOfWeek(date) COMMENT 'Day of the week in UTC, 1 (Monday) to 7',
    receive_delay Float64 ALIAS dateDiff('millisecond', timestamp, received_at) / 1000 COMMENT 'Seconds from the event to its receipt; negative when the client clock is ahead',
    page_host String ALIAS domain(url) COMMENT 'Host of url',
    page_path String ALIAS path(url) COMMENT 'Path of url, without query and fragment',
    referrer_host String ALIAS domain(referrer) COMMENT 'Host of referrer',
    referrer_path String ALIAS path(referrer) COMMENT 'Path of referrer',
    utm_source String ALIAS decodeURLFormComponent(extractURLParameter(url, 'utm_source')) COMMENT 'Campaign parameter of url: who sent the visit',
    utm_medium String ALIAS decodeURLFormComponent(extractURLParameter(url, 'utm_medium')) COMMENT 'Campaign parameter of url: by what means',
    utm_campaign String ALIAS decodeURLFormComponent(extractURLParameter(url, 'utm_campaign')) COMMENT 'Campaign parameter of url: which campaign',
    utm_term String ALIAS decodeURLFormComponent(extractURLParameter(url, 'utm_term')) COMMENT 'Campaign parameter of url: keyword',
    utm_content String ALIAS decodeURLFormComponent(extractURLParameter(url, 'utm_content')) COMMENT 'Campaign parameter of url: which advertisement',
    revenue Float64 ALIAS if(action_type = 'order', price * quantity, 0) COMMENT 'Turnover of an order event, in `currency`; 0 for every other action',

    -- The sink looks up which offsets of a replayed range are there: with this index it reads the parts written last.
    INDEX ingest_offset _offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, user_id, timestamp)
TTL date + INTERVAL 90 DAY
-- A retried insert carries the token of its first attempt. Without this window a MergeTree table forgets tokens and takes
-- the rows twice. 1000 blocks outlast every retry: at 10,000 rows each they are ten million rows of one shard.
-- (Replicated tables have a window of their own, on by default.)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Behaviour events of this shard: the sink writes here';
CREATE TABLE IF NOT EXISTS clickstream_repairs ON CLUSTER 'production'
(
    date Date COMMENT 'Day (UTC) whose aggregates must be rebuilt',
    cause LowCardinality(String) COMMENT 'What happened, such as view_failed',
    state Enum8('open' = 0, 'rebuilt' = 1) DEFAULT 'open' COMMENT 'Whether the day waits for its rebuild',
    message String COMMENT 'The error, as the server gave it',
    noted_at DateTime64(3) DEFAULT now64(3) COMMENT 'When this row was written'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', noted_at)
ORDER BY (date, cause)
COMMENT 'Days whose materialised views must be rebuilt';

-- 002_metrics_hourly
CREATE TABLE IF NOT EXISTS metrics_hourly_state ON CLUSTER 'production'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, bucket)
-- A retried insert must not count twice here either: see user_behaviors_local.
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Counts and distinct users by quarter of an hour, as states';
CREATE MATERIALIZED VIEW IF NOT EXISTS metrics_hourly_mv ON CLUSTER 'production' TO metrics_hourly_state AS
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

-- 003_item_stats_daily
CREATE TABLE IF NOT EXISTS item_stats_daily_state ON CLUSTER 'production'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, item_id, bucket, position)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Counts by item, slot and quarter of an hour, as states';
CREATE MATERIALIZED VIEW IF NOT EXISTS item_stats_daily_mv ON CLUSTER 'production' TO item_stats_daily_state AS
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

-- 004_experiment_metrics
CREATE TABLE IF NOT EXISTS experiment_metrics_state ON CLUSTER 'production'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, experiment_id, experiment_group, date, bucket)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Counts and distinct users by group of an experiment and quarter of an hour, as states';
CREATE MATERIALIZED VIEW IF NOT EXISTS experiment_metrics_mv ON CLUSTER 'production' TO experiment_metrics_state AS
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

-- 005_page_activity
CREATE TABLE IF NOT EXISTS page_activity_state ON CLUSTER 'production'
(
    tenant_id LowCardinality(String) COMMENT 'Customer of the platform',
    scenario_id LowCardinality(String) COMMENT 'Place where recommendations appear',
    date Date COMMENT 'Day of the event time in UTC',
    bucket DateTime('UTC') COMMENT 'Quarter of an hour of the event time: its begin',
    page_host LowCardinality(String) COMMENT 'Host of the page',
    page_path String COMMENT 'Path of the page, without query and fragment',
    action_type LowCardinality(String) COMMENT 'What the user did',
    element_id String COMMENT 'DOM id or path of the element; empty: the event names none',
    viewport Int32 COMMENT 'Least width of the class in CSS pixels: 0, 480, 768, 1024, 1280, 1920; -1: unknown',
    cell_x Int32 COMMENT 'Column of the cell, from 0; -1: the event names no place',
    cell_y Int32 COMMENT 'Row of the cell, from 0; -1: the event names no place',
    events SimpleAggregateFunction(sum, UInt64),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'Least event time',
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Greatest event time',
    page_title SimpleAggregateFunction(max, String) COMMENT 'Title of the page: of several the last in byte order'
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, date, page_host, page_path, viewport, cell_y, cell_x, action_type, element_id, scenario_id, bucket)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Events by page, cell, element and quarter of an hour, as states';
CREATE MATERIALIZED VIEW IF NOT EXISTS page_activity_mv ON CLUSTER 'production' TO page_activity_state AS
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
    max(title) AS page_title
FROM user_behaviors_local
WHERE url != ''
GROUP BY tenant_id, scenario_id, date, bucket, page_host, page_path, action_type, element_id, viewport, cell_x, cell_y;

-- 006_sessions
CREATE TABLE IF NOT EXISTS sessions_state ON CLUSTER 'production'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, session_id, user_id)
TTL date + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Sessions with their pages and items, as states';
CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_mv ON CLUSTER 'production' TO sessions_state AS
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

-- 007_user_days
CREATE TABLE IF NOT EXISTS user_days_state ON CLUSTER 'production'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, user_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Users by day, as states';
CREATE MATERIALIZED VIEW IF NOT EXISTS user_days_mv ON CLUSTER 'production' TO user_days_state AS
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

-- 008_generations
ALTER TABLE user_behaviors_local ON CLUSTER 'production'
    ADD COLUMN IF NOT EXISTS _generation UInt32 DEFAULT 0
    COMMENT 'How many times `clickstream rebuild` had raised it when the row was inserted on this server';
ALTER TABLE metrics_hourly_state ON CLUSTER 'production'
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, bucket, generation);
ALTER TABLE metrics_hourly_mv ON CLUSTER 'production' MODIFY QUERY
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
ALTER TABLE item_stats_daily_state ON CLUSTER 'production'
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, item_id, bucket, position, generation);
ALTER TABLE item_stats_daily_mv ON CLUSTER 'production' MODIFY QUERY
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
ALTER TABLE experiment_metrics_state ON CLUSTER 'production'
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, experiment_id, experiment_group, date, bucket, generation);
ALTER TABLE experiment_metrics_mv ON CLUSTER 'production' MODIFY QUERY
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
ALTER TABLE page_activity_state ON CLUSTER 'production'
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, date, page_host, page_path, viewport, cell_y, cell_x, action_type, element_id, scenario_id, bucket, generation);
ALTER TABLE page_activity_mv ON CLUSTER 'production' MODIFY QUERY
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
ALTER TABLE sessions_state ON CLUSTER 'production'
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, session_id, user_id, generation);
ALTER TABLE sessions_mv ON CLUSTER 'production' MODIFY QUERY
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
ALTER TABLE user_days_state ON CLUSTER 'production'
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'Of the events: user_behaviors_local._generation',
    MODIFY ORDER BY (tenant_id, scenario_id, date, user_id, generation);
ALTER TABLE user_days_mv ON CLUSTER 'production' MODIFY QUERY
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

-- 009_compression
ALTER TABLE user_behaviors_local ON CLUSTER 'production' MODIFY SETTING default_compression_codec = 'ZSTD(1)';

-- 010_clicks_on_nothing
ALTER TABLE page_activity_mv ON CLUSTER 'production' MODIFY QUERY
SELECT
    tenant_id,
    scenario_id,
    date,
    toStartOfFifteenMinutes(toDateTime(timestamp, 'UTC')) AS bucket,
    domain(url) AS page_host,
    path(url) AS page_path,
    did AS action_type,
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
FROM
(
    SELECT *, if(action_type = 'custom' AND event_name = 'click', 'click', toString(action_type)) AS did
    FROM user_behaviors_local
    WHERE url != ''
)
GROUP BY tenant_id, scenario_id, date, bucket, page_host, page_path, did, element_id, viewport, cell_x, cell_y, generation;

-- mart_states
CREATE OR REPLACE TABLE metrics_hourly_states ON CLUSTER 'production' AS metrics_hourly_state
ENGINE = Distributed('production', 'shop', metrics_hourly_state);
CREATE OR REPLACE TABLE item_stats_daily_states ON CLUSTER 'production' AS item_stats_daily_state
ENGINE = Distributed('production', 'shop', item_stats_daily_state);
CREATE OR REPLACE TABLE experiment_metrics_states ON CLUSTER 'production' AS experiment_metrics_state
ENGINE = Distributed('production', 'shop', experiment_metrics_state);
CREATE OR REPLACE TABLE page_activity_states ON CLUSTER 'production' AS page_activity_state
ENGINE = Distributed('production', 'shop', page_activity_state);
CREATE OR REPLACE TABLE sessions_states ON CLUSTER 'production' AS sessions_state
ENGINE = Distributed('production', 'shop', sessions_state);
CREATE OR REPLACE TABLE user_days_states ON CLUSTER 'production' AS user_days_state
ENGINE = Distributed('production', 'shop', user_days_state);

-- user_behaviors
CREATE OR REPLACE TABLE user_behaviors ON CLUSTER 'production' AS user_behaviors_local
ENGINE = Distributed('production', 'shop', user_behaviors_local, sipHash64(tenant_id, user_id));

-- views_exposure
CREATE OR REPLACE VIEW exposures ON CLUSTER 'production' AS
SELECT
    tenant_id,
    scenario_id,
    date,
    request_id,
    position,
    item_id,
    any(user_id) AS user_id,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    minIf(timestamp, action_type = 'impression') AS shown_at,
    minIf(timestamp, action_type = 'click') AS clicked_at
FROM user_behaviors
WHERE request_id != '' AND action_type IN ('impression', 'click')
GROUP BY tenant_id, scenario_id, date, request_id, position, item_id;
CREATE OR REPLACE VIEW position_stats_daily ON CLUSTER 'production' AS
SELECT
    tenant_id,
    scenario_id,
    date,
    position,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    if(sum(m.impressions) = 0, 0, sum(m.clicks) / sum(m.impressions)) AS ctr
FROM item_stats_daily_states AS m
WHERE position >= 0
GROUP BY tenant_id, scenario_id, date, position;
CREATE OR REPLACE VIEW item_ctr_corrected ON CLUSTER 'production' AS
SELECT
    tenant_id,
    scenario_id,
    item_id,
    date,
    sum(s.impressions) AS impressions,
    sum(s.clicks) AS clicks,
    sum(s.impressions * s.slot_ctr) AS expected_clicks,
    if(sum(s.impressions * s.slot_ctr) = 0, 0, sum(s.clicks) / sum(s.impressions * s.slot_ctr)) AS clicks_over_expected
FROM
(
    SELECT
        tenant_id,
        scenario_id,
        date,
        item_id,
        position,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        if(sum(sum(m.impressions)) OVER slot = 0, 0, sum(sum(m.clicks)) OVER slot / sum(sum(m.impressions)) OVER slot) AS slot_ctr
    FROM item_stats_daily_states AS m
    WHERE position >= 0
    GROUP BY tenant_id, scenario_id, date, item_id, position
    WINDOW slot AS (PARTITION BY tenant_id, scenario_id, date, position)
) AS s
GROUP BY tenant_id, scenario_id, item_id, date;

-- views_metrics
CREATE OR REPLACE VIEW metrics_hourly ON CLUSTER 'production' AS
SELECT
    tenant_id,
    scenario_id,
    date,
    toHour(bucket) AS hour,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.views) AS views,
    sum(m.likes) AS likes,
    sum(m.shares) AS shares,
    sum(m.add_carts) AS add_carts,
    sum(m.conversions) AS conversions,
    sum(m.pageviews) AS pageviews,
    uniqExactMerge(m.active_users) AS active_users,
    uniqExactMerge(m.active_items) AS active_items
FROM metrics_hourly_states AS m
GROUP BY tenant_id, scenario_id, date, hour;
CREATE OR REPLACE VIEW item_stats_daily ON CLUSTER 'production' AS
SELECT
    tenant_id,
    scenario_id,
    item_id,
    date,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.views) AS views,
    sum(m.likes) AS likes,
    sum(m.shares) AS shares,
    sum(m.add_carts) AS add_carts,
    sum(m.conversions) AS conversions,
    sum(m.total_watch_duration) AS total_watch_duration,
    sum(m.completion_sum) / sum(m.events) AS avg_completion_rate,
    if(sum(m.watched) = 0, 0, sum(m.completion_sum) / sum(m.watched)) AS avg_completion_rate_watched
FROM item_stats_daily_states AS m
GROUP BY tenant_id, scenario_id, item_id, date;
CREATE OR REPLACE VIEW experiment_metrics ON CLUSTER 'production' AS
SELECT
    tenant_id,
    scenario_id,
    experiment_id,
    experiment_group,
    date,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.views) AS views,
    sum(m.add_carts) AS add_carts,
    sum(m.conversions) AS conversions,
    uniqExactMerge(m.active_users) AS active_users,
    uniqExactMerge(m.clicking_users) AS clicking_users,
    uniqExactMerge(m.converting_users) AS converting_users,
    sum(m.total_watch_duration) AS total_watch_duration,
    sum(m.completion_sum) / sum(m.events) AS avg_completion_rate,
    if(sum(m.watched) = 0, 0, sum(m.completion_sum) / sum(m.watched)) AS avg_completion_rate_watched
FROM experiment_metrics_states AS m
GROUP BY tenant_id, scenario_id, experiment_id, experiment_group, date;

-- views_pages
CREATE OR REPLACE VIEW heatmap ON CLUSTER 'production' AS
SELECT
    tenant_id,
    scenario_id,
    date,
    page_host,
    page_path,
    viewport,
    cell_x,
    cell_y,
    action_type,
    sum(m.events) AS events
FROM page_activity_states AS m
WHERE cell_x >= 0
GROUP BY tenant_id, scenario_id, date, page_host, page_path, viewport, cell_x, cell_y, action_type;
CREATE OR REPLACE VIEW pages ON CLUSTER 'production' AS
SELECT
    tenant_id,
    page_host,
    page_path,
    cityHash64(tenant_id, page_host, page_path) AS page_id,
    max(m.page_title) AS title,
    sum(m.events) AS events,
    sumIf(m.events, action_type = 'pageview') AS pageviews,
    min(m.first_seen) AS first_seen,
    max(m.last_seen) AS last_seen
FROM page_activity_states AS m
GROUP BY tenant_id, page_host, page_path;
CREATE OR REPLACE VIEW elements ON CLUSTER 'production' AS
SELECT
    tenant_id,
    page_host,
    page_path,
    element_id,
    cityHash64(tenant_id, page_host, page_path) AS page_id,
    sum(m.events) AS events,
    sumIf(m.events, action_type = 'click') AS clicks,
    min(m.first_seen) AS first_seen,
    max(m.last_seen) AS last_seen
FROM page_activity_states AS m
WHERE element_id != ''
GROUP BY tenant_id, page_host, page_path, element_id;

-- views_visits
CREATE OR REPLACE VIEW sessions ON CLUSTER 'production' AS
SELECT
    tenant_id,
    user_id,
    session_id,
    toDate(min(m.started)) AS date,
    min(m.started) AS started,
    max(m.ended) AS ended,
    dateDiff('millisecond', started, ended) / 1000 AS duration,
    groupUniqArray(m.scenario_id) AS scenarios,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.conversions) AS conversions,
    arrayMap(step -> step.2, arraySort(groupArrayArray(m.pages))) AS pages,
    arrayMap(step -> step.2, arraySort(groupArrayArray(m.items))) AS items,
    length(pages) AS pageviews,
    if(empty(pages), '', pages[1]) AS entry_page,
    if(empty(pages), '', pages[-1]) AS exit_page,
    length(pages) <= 1 AND sum(m.interactions) = 0 AS bounce
FROM sessions_states AS m
GROUP BY tenant_id, user_id, session_id;
CREATE OR REPLACE VIEW page_transitions ON CLUSTER 'production' AS
SELECT
    tenant_id,
    date,
    step.1 AS from_page,
    step.2 AS to_page,
    count() AS transitions
FROM
(
    SELECT
        tenant_id,
        date,
        arrayJoin(arrayZip(arrayPushFront(pages, ''), arrayPushBack(pages, ''))) AS step
    FROM sessions
    WHERE notEmpty(pages)
)
GROUP BY tenant_id, date, from_page, to_page;
CREATE OR REPLACE VIEW item_transitions ON CLUSTER 'production' AS
SELECT
    tenant_id,
    date,
    step.1 AS from_item,
    step.2 AS to_item,
    count() AS transitions
FROM
(
    SELECT
        tenant_id,
        date,
        arrayJoin(arrayZip(arrayPushFront(items, ''), arrayPushBack(items, ''))) AS step
    FROM sessions
    WHERE notEmpty(items)
)
GROUP BY tenant_id, date, from_item, to_item;
CREATE OR REPLACE VIEW users ON CLUSTER 'production' AS
SELECT
    tenant_id,
    user_id,
    min(m.first_seen) AS first_seen,
    max(m.last_seen) AS last_seen,
    uniqExact(m.date) AS days,
    sum(m.events) AS events,
    sum(m.conversions) AS conversions
FROM user_days_states AS m
GROUP BY tenant_id, user_id;
CREATE OR REPLACE VIEW retention_daily ON CLUSTER 'production' AS
SELECT
    tenant_id,
    cohort_date,
    toUInt16(seen - cohort_date) AS day,
    count() AS users
FROM
(
    SELECT
        tenant_id,
        user_id,
        min(m.date) AS cohort_date,
        arrayJoin(groupUniqArray(m.date)) AS seen
    FROM user_days_states AS m
    GROUP BY tenant_id, user_id
)
GROUP BY tenant_id, cohort_date, day;
CREATE OR REPLACE VIEW events ON CLUSTER 'production' AS
SELECT
    event_id,
    tenant_id,
    user_id,
    session_id,
    if(url = '', 0, cityHash64(tenant_id, page_host, page_path)) AS page_id,
    element_id,
    toString(action_type) AS type,
    event_name AS event_title,
    item_id,
    x,
    y,
    timestamp AS created_at,
    date
FROM user_behaviors;
