-- The published marts: names and columns as published, with finished numbers. Distinct counts of a longer time are not the
-- sum of those of its hours: ask the states for them (uniqExactMerge).

CREATE OR REPLACE VIEW metrics_hourly AS
SELECT
    tenant_id,
    scenario_id,
    date,
    toHour(bucket) AS hour,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.views) AS views,
    sum(m.likes) AS likes,
    sum(m.shares) AS shares,
    sum(m.add_carts) AS add_carts,
    sum(m.conversions) AS conversions,
    sum(m.pageviews) AS pageviews,
    uniqExactMerge(m.active_users) AS active_users,
    uniqExactMerge(m.active_items) AS active_items
FROM metrics_hourly_states AS m
GROUP BY tenant_id, scenario_id, date, hour;

CREATE OR REPLACE VIEW item_stats_daily AS
SELECT
    tenant_id,
    scenario_id,
    item_id,
    date,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.views) AS views,
    sum(m.likes) AS likes,
    sum(m.shares) AS shares,
    sum(m.add_carts) AS add_carts,
    sum(m.conversions) AS conversions,
    sum(m.total_watch_duration) AS total_watch_duration,
    sum(m.completion_sum) / sum(m.events) AS avg_completion_rate,
    if(sum(m.watched) = 0, 0, sum(m.completion_sum) / sum(m.watched)) AS avg_completion_rate_watched
FROM item_stats_daily_states AS m
GROUP BY tenant_id, scenario_id, item_id, date;

CREATE OR REPLACE VIEW experiment_metrics AS
SELECT
    tenant_id,
    scenario_id,
    experiment_id,
    experiment_group,
    date,
    sum(m.events) AS events,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    sum(m.views) AS views,
    sum(m.add_carts) AS add_carts,
    sum(m.conversions) AS conversions,
    uniqExactMerge(m.active_users) AS active_users,
    uniqExactMerge(m.clicking_users) AS clicking_users,
    uniqExactMerge(m.converting_users) AS converting_users,
    sum(m.total_watch_duration) AS total_watch_duration,
    sum(m.completion_sum) / sum(m.events) AS avg_completion_rate,
    if(sum(m.watched) = 0, 0, sum(m.completion_sum) / sum(m.watched)) AS avg_completion_rate_watched
FROM experiment_metrics_states AS m
GROUP BY tenant_id, scenario_id, experiment_id, experiment_group, date;
