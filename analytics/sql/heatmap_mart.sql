-- Events of a page by cell of 20 CSS pixels, of whole quarters of an hour.
SELECT
    m.viewport AS viewport,
    m.cell_x AS cell_x,
    m.cell_y AS cell_y,
    sum(m.events) AS events
FROM ${pages} AS m
WHERE m.page_path = {path:String} AND m.action_type = {action:String} AND m.cell_x >= 0
    AND ({host:String} = '' OR m.page_host = {host:String})
GROUP BY viewport, cell_x, cell_y
ORDER BY viewport, cell_y, cell_x
