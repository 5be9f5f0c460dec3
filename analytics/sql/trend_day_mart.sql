-- The same as trend_day.sql, of whole quarters of an hour.
SELECT
    toDate(m.bucket, {zone:String}) AS day,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.conversions) AS conversions,
    uniqExactMerge(m.active_users) AS active_users
FROM ${metrics} AS m
GROUP BY day
