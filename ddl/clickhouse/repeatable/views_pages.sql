-- Heatmap, pages and elements, from what happened where.

CREATE OR REPLACE VIEW heatmap AS
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

CREATE OR REPLACE VIEW pages AS
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

CREATE OR REPLACE VIEW elements AS
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
