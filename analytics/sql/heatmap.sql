-- The same as heatmap_mart.sql, of any time. A click on no item, a custom event called `click`, is a click there, too.
SELECT
    multiIf(viewport_width < 0, -1, viewport_width < 480, 0, viewport_width < 768, 480, viewport_width < 1024, 768,
        viewport_width < 1280, 1024, viewport_width < 1920, 1280, 1920) AS viewport,
    intDiv(x, 20) AS cell_x,
    intDiv(y, 20) AS cell_y,
    count() AS events
FROM ${events}
WHERE path(url) = {path:String} AND if(action_type = 'custom' AND event_name = 'click', 'click', toString(action_type)) = {action:String}
    AND x >= 0 AND y >= 0
    AND ({host:String} = '' OR domain(url) = {host:String})
GROUP BY viewport, cell_x, cell_y
ORDER BY viewport, cell_y, cell_x
