-- The same as trend_hour.sql, of whole quarters of an hour.
SELECT
    toUnixTimestamp(toStartOfHour(m.bucket, {zone:String})) * 1000 AS hour,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.conversions) AS conversions,
    uniqExactMerge(m.active_users) AS active_users
FROM ${metrics} AS m
GROUP BY hour
