-- Totals by hour of the clock on the wall; `hour` is its beginning in milliseconds since the epoch.
SELECT
    toUnixTimestamp(toStartOfHour(timestamp, {zone:String})) * 1000 AS hour,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'order') AS conversions,
    uniqExact(user_id) AS active_users
FROM ${events}
GROUP BY hour
