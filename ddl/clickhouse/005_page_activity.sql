-- What happened where on which page: heatmaps, pages and their elements. A cell is 20 by 20 CSS pixels. Viewports are
-- put together by width, because a page is laid out alike for those of one class.
CREATE TABLE IF NOT EXISTS page_activity_state
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
ENGINE = ${engine AggregatingMergeTree()}
PARTITION BY toYYYYMM(date)
ORDER BY (tenant_id, date, page_host, page_path, viewport, cell_y, cell_x, action_type, element_id, scenario_id, bucket)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Events by page, cell, element and quarter of an hour, as states';

CREATE MATERIALIZED VIEW IF NOT EXISTS page_activity_mv TO page_activity_state AS
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
