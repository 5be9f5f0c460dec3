"""The published tables and queries, as they were published; for questions that have none, plain SQL over the rows.

They are measured, not trusted: docs/adr/0006 says where their answers are wrong.
"""

from collections.abc import Mapping

# The published marts were materialised views with an engine of their own; filled in one go here. SummingMergeTree adds
# the counts of users up, which is one of the errors.
TABLES = (
    "CREATE TABLE published_metrics_hourly ENGINE = SummingMergeTree() PARTITION BY toYYYYMM(date) "
    "ORDER BY (tenant_id, scenario_id, date, hour) AS SELECT tenant_id, scenario_id, toDate(timestamp) AS date, "
    "toHour(timestamp) AS hour, countIf(action_type = 'impression') AS impressions, "
    "countIf(action_type = 'click') AS clicks, countIf(action_type = 'order') AS conversions, "
    "uniqExact(user_id) AS active_users, uniqExact(item_id) AS active_items "
    "FROM user_behaviors GROUP BY tenant_id, scenario_id, date, hour",
    "CREATE TABLE published_item_stats_daily ENGINE = SummingMergeTree() PARTITION BY toYYYYMM(date) "
    "ORDER BY (tenant_id, scenario_id, item_id, date) AS SELECT tenant_id, scenario_id, item_id, "
    "toDate(timestamp) AS date, countIf(action_type = 'impression') AS impressions, "
    "countIf(action_type = 'click') AS clicks, countIf(action_type = 'order') AS conversions, "
    "sum(watch_duration) AS total_watch_duration, avg(completion_rate) AS avg_completion_rate "
    "FROM user_behaviors GROUP BY tenant_id, scenario_id, item_id, date",
)

_ROWS = "tenant_id = {tenant:String} AND date >= {first:Date} AND date < {last:Date}"
_PLACE = f"{_ROWS} AND scenario_id = {{scenario:String}}"

QUERIES: Mapping[str, str] = {
    "dashboard": "SELECT sum(impressions) AS total_recommendations, sum(clicks) AS total_clicks, "
    "(sum(clicks) * 100.0 / sum(impressions)) AS ctr, sum(conversions) AS total_conversions, "
    "(sum(conversions) * 100.0 / sum(impressions)) AS conversion_rate, uniqExact(active_users) AS active_users "
    f"FROM published_metrics_hourly WHERE {_PLACE}",
    "trend": "SELECT toStartOfHour(timestamp) AS hour, countIf(action_type = 'impression') AS impressions, "
    "countIf(action_type = 'click') AS clicks, "
    "(countIf(action_type = 'click') * 100.0 / countIf(action_type = 'impression')) AS ctr "
    f"FROM user_behaviors WHERE {_PLACE} GROUP BY hour ORDER BY hour",
    "items": "SELECT item_id, sum(impressions) AS total_impressions, sum(clicks) AS total_clicks, "
    "(sum(clicks) * 100.0 / sum(impressions)) AS ctr "
    f"FROM published_item_stats_daily WHERE {_PLACE} GROUP BY item_id ORDER BY total_clicks DESC LIMIT 10",
    "behavior": "SELECT action_type, count() AS users, (count() * 100.0 / (SELECT count(DISTINCT user_id) "
    f"FROM user_behaviors WHERE {_ROWS})) AS rate FROM user_behaviors WHERE {_ROWS} "
    "GROUP BY action_type ORDER BY action_type",
    "heatmap": "SELECT intDiv(x, 20) AS cell_x, intDiv(y, 20) AS cell_y, count() FROM user_behaviors "
    f"WHERE {_ROWS} AND path(url) = {{path:String}} AND action_type = 'click' AND x >= 0 AND y >= 0 "
    "GROUP BY cell_x, cell_y",
    "funnel": "SELECT level, count() FROM (SELECT user_id, windowFunnel(86400)(toDateTime(timestamp), "
    "action_type = 'impression', action_type = 'click', action_type = 'order') AS level "
    f"FROM user_behaviors WHERE {_ROWS} GROUP BY user_id) GROUP BY level ORDER BY level",
    "retention": "SELECT cohort, dateDiff('day', cohort, b.date) AS later, count(DISTINCT b.user_id) "
    f"FROM user_behaviors AS b JOIN (SELECT user_id, min(date) AS cohort FROM user_behaviors WHERE {_ROWS} "
    f"GROUP BY user_id) AS c ON b.user_id = c.user_id WHERE b.{_ROWS} GROUP BY cohort, later ORDER BY cohort, later",
    "paths": "SELECT here, there, count() FROM (SELECT path(url) AS here, leadInFrame(path(url)) OVER (PARTITION BY "
    "user_id, session_id ORDER BY timestamp ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS there "
    f"FROM user_behaviors WHERE {_ROWS} AND action_type = 'pageview') GROUP BY here, there ORDER BY count() DESC "
    "LIMIT 100",
}
