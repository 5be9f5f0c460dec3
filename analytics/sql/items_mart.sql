-- The same as items.sql, of whole quarters of an hour.
SELECT
    item_id,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.conversions) AS conversions,
    sum(m.total_watch_duration) AS total_watch_duration,
    sum(m.completion_sum) AS completed,
    sum(m.watched) AS watches,
    sum(m.events) AS events,
    multiIf({sort:String} = 'clicks', clicks, {sort:String} = 'impressions', impressions, conversions) AS count
FROM ${items} AS m
GROUP BY item_id
HAVING count > 0
ORDER BY count DESC, item_id
LIMIT {limit:UInt32}
