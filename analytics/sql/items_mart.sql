-- The same as items.sql, of whole quarters of an hour.
SELECT
    item_id,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.conversions) AS conversions,
    multiIf({sort:String} = 'clicks', clicks, {sort:String} = 'impressions', impressions, conversions) AS count
FROM ${items} AS m
GROUP BY item_id
HAVING count > 0
ORDER BY count DESC, item_id
LIMIT {limit:UInt32}
