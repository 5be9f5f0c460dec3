-- The items of which most was done; equal ones by their id, so that two answers agree.
SELECT
    item_id,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'order') AS conversions,
    multiIf({sort:String} = 'clicks', clicks, {sort:String} = 'impressions', impressions, conversions) AS count
FROM ${events}
WHERE item_id != ''
GROUP BY item_id
HAVING count > 0
ORDER BY count DESC, item_id
LIMIT {limit:UInt32}
