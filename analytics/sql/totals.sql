-- What happened in the period, and how many different users took part.
SELECT
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    countIf(action_type = 'order') AS conversions,
    uniqExact(user_id) AS active_users
FROM ${events}
