-- Every behaviour event, one row each, on every shard. `user_behaviors` (repeatable/) is the table that queries name.
--
-- Nothing here is Nullable: an absent text is '', an absent number of the page or the list is -1 (0 is a real value
-- there), an absent measure is 0, so that sums need no case. Columns behind the materialised ones are ALIASes: they cost
-- nothing to insert or store and are computed only by queries that name them.
CREATE TABLE IF NOT EXISTS user_behaviors_local
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
ENGINE = ${engine MergeTree()}
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, scenario_id, date, user_id, timestamp)
TTL date + INTERVAL 90 DAY
-- A retried insert carries the token of its first attempt. Without this window a MergeTree table forgets tokens and takes
-- the rows twice. 1000 blocks outlast every retry: at 10,000 rows each they are ten million rows of one shard.
-- (Replicated tables have a window of their own, on by default.)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Behaviour events of this shard: the sink writes here';

-- Days on which a materialised view may lack rows that the table has: a view broke while the table's part was already
-- written. A rebuild of the views works this list off. The last row of a (date, cause) counts: read it with FINAL.
CREATE TABLE IF NOT EXISTS clickstream_repairs
(
    date Date COMMENT 'Day (UTC) whose aggregates must be rebuilt',
    cause LowCardinality(String) COMMENT 'What happened, such as view_failed',
    state Enum8('open' = 0, 'rebuilt' = 1) DEFAULT 'open' COMMENT 'Whether the day waits for its rebuild',
    message String COMMENT 'The error, as the server gave it',
    noted_at DateTime64(3) DEFAULT now64(3) COMMENT 'When this row was written'
)
ENGINE = ${engine ReplacingMergeTree(noted_at)}
ORDER BY (date, cause)
COMMENT 'Days whose materialised views must be rebuilt';
