-- The items of which most was done; equal ones by their id, so that two answers agree.
SELECT
    item_id,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'order') AS conversions,
    sum(toInt64(watch_duration)) AS total_watch_duration,
    sum(toFloat64(completion_rate)) AS completed,
    countIf(watch_duration > 0 OR completion_rate > 0) AS watches,
    count() AS events,
    multiIf({sort:String} = 'clicks', clicks, {sort:String} = 'impressions', impressions, conversions) AS count
FROM ${events}
WHERE item_id != ''
GROUP BY item_id
HAVING count > 0
ORDER BY count DESC, item_id
LIMIT {limit:UInt32}
