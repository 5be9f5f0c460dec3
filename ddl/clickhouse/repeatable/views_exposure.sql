-- From exposure to click.

-- One row for each slot of each list that was shown or clicked on a day (UTC): the exact join of an impression to its click
-- of that day, by request and slot, over the raw rows. A click after midnight on what was shown before it stands in a row
-- of its own day, without impressions: so dates bound what is read. Ask for a tenant, a scenario and dates.
CREATE OR REPLACE VIEW exposures AS
SELECT
    tenant_id,
    scenario_id,
    date,
    request_id,
    position,
    item_id,
    any(user_id) AS user_id,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    minIf(timestamp, action_type = 'impression') AS shown_at,
    minIf(timestamp, action_type = 'click') AS clicked_at
FROM user_behaviors
WHERE request_id != '' AND action_type IN ('impression', 'click')
GROUP BY tenant_id, scenario_id, date, request_id, position, item_id;

-- Click rate by slot of the list.
CREATE OR REPLACE VIEW position_stats_daily AS
SELECT
    tenant_id,
    scenario_id,
    date,
    position,
    sum(m.impressions) AS impressions,
    sum(m.clicks) AS clicks,
    if(sum(m.impressions) = 0, 0, sum(m.clicks) / sum(m.impressions)) AS ctr
FROM item_stats_daily_states AS m
WHERE position >= 0
GROUP BY tenant_id, scenario_id, date, position;

-- Clicks over expected clicks: what an item got, against what average items would have got in the same slots on the same
-- day (Zhang and Jones, Comparing Click Logs and Editorial Labels for Training Query Rewriting, 2007). Above 1 it does
-- better than its slots. Over several days: sum(clicks) / sum(expected_clicks).
CREATE OR REPLACE VIEW item_ctr_corrected AS
SELECT
    tenant_id,
    scenario_id,
    item_id,
    date,
    sum(s.impressions) AS impressions,
    sum(s.clicks) AS clicks,
    sum(s.impressions * s.slot_ctr) AS expected_clicks,
    if(sum(s.impressions * s.slot_ctr) = 0, 0, sum(s.clicks) / sum(s.impressions * s.slot_ctr)) AS clicks_over_expected
FROM
(
    SELECT
        tenant_id,
        scenario_id,
        date,
        item_id,
        position,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        if(sum(sum(m.impressions)) OVER slot = 0, 0, sum(sum(m.clicks)) OVER slot / sum(sum(m.impressions)) OVER slot) AS slot_ctr
    FROM item_stats_daily_states AS m
    WHERE position >= 0
    GROUP BY tenant_id, scenario_id, date, item_id, position
    WINDOW slot AS (PARTITION BY tenant_id, scenario_id, date, position)
) AS s
GROUP BY tenant_id, scenario_id, item_id, date;
