-- The pages where most happened, by quarters of an hour.
SELECT m.page_host AS page_host, m.page_path AS page_path, sum(m.events) AS events
FROM ${pages} AS m
GROUP BY page_host, page_path
ORDER BY events DESC, page_host, page_path
LIMIT {most:UInt32}
