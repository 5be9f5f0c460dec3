-- The same as totals.sql, of whole quarters of an hour.
SELECT
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.conversions) AS conversions,
    uniqExactMerge(m.active_users) AS active_users
FROM ${metrics} AS m
