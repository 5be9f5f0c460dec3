-- A click on no item is a custom event called `click`: heatmaps and elements count it with the clicks. Days that were
-- counted before: `clickstream rebuild`.
ALTER TABLE page_activity_mv MODIFY QUERY
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
