-- Totals by day of the calendar; `day` is the day.
SELECT
    toDate(timestamp, {zone:String}) AS day,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'order') AS conversions,
    uniqExact(user_id) AS active_users
FROM ${events}
GROUP BY day
