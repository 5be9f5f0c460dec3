"""For every mart what it says, and the same question asked of the raw rows: their answers must be equal."""

_ACTIONS = {
    "impressions": "impression",
    "clicks": "click",
    "views": "view",
    "likes": "like",
    "shares": "share",
    "add_carts": "add_cart",
    "conversions": "order",
    "pageviews": "pageview",
}


def _counts(*names: str) -> str:
    return ", ".join(f"countIf(action_type = '{_ACTIONS[name]}') AS {name}" for name in names)


_ALL = ("impressions", "clicks", "views", "likes", "shares", "add_carts", "conversions")
_WIDTH = "[0, 480, 768, 1024, 1280, 1920]"
_PAGE = "concat(page_host, page_path)"
# Steps of a session in order; and pairs of neighbours among them, with nothing before the first and behind the last.
_STEPS = """
    SELECT tenant_id, user_id, session_id, toDate(min(timestamp), 'UTC') AS day,
        arrayMap(x -> x.2, arraySort(groupArrayIf((timestamp, {what}), action_type = '{action}'))) AS seen
    FROM user_behaviors WHERE session_id != '' GROUP BY tenant_id, user_id, session_id"""
_PAIRS = """
    SELECT tenant_id, day, if(n = 0, '', seen[n]) AS here, if(n = length(seen), '', seen[n + 1]) AS there, count()
    FROM ({steps}) ARRAY JOIN range(length(seen) + 1) AS n WHERE notEmpty(seen) GROUP BY tenant_id, day, here, there"""

QUESTIONS: dict[str, tuple[str, str]] = {
    "metrics_hourly": (
        "SELECT tenant_id, scenario_id, date, hour, events, impressions, clicks, views, likes, shares, add_carts, "
        "conversions, pageviews, active_users, active_items FROM metrics_hourly",
        f"SELECT tenant_id, scenario_id, date, hour, count(), {_counts(*_ALL, 'pageviews')}, count(DISTINCT user_id), "
        "count(DISTINCT nullIf(item_id, '')) FROM user_behaviors GROUP BY tenant_id, scenario_id, date, hour",
    ),
    "metrics of days in a time zone at :45": (
        "SELECT tenant_id, toDate(bucket, 'Asia/Kathmandu') AS day, sum(events), sum(clicks), "
        "uniqExactMerge(active_users), uniqExactMerge(active_items) FROM metrics_hourly_states GROUP BY tenant_id, day",
        "SELECT tenant_id, toDate(timestamp, 'Asia/Kathmandu') AS day, count(), countIf(action_type = 'click'), "
        "count(DISTINCT user_id), count(DISTINCT nullIf(item_id, '')) FROM user_behaviors GROUP BY tenant_id, day",
    ),
    "item_stats_daily": (
        "SELECT tenant_id, scenario_id, item_id, date, events, impressions, clicks, views, likes, shares, add_carts, "
        "conversions, total_watch_duration, round(avg_completion_rate, 9), "
        "if(avg_completion_rate_watched = 0, NULL, round(avg_completion_rate_watched, 9)) FROM item_stats_daily",
        f"SELECT tenant_id, scenario_id, item_id, date, count(), {_counts(*_ALL)}, sum(watch_duration), "
        "round(avg(completion_rate), 9), "
        "nullIf(round(ifNotFinite(avgIf(completion_rate, watch_duration + completion_rate > 0), 0), 9), 0) "
        "FROM user_behaviors WHERE item_id != '' GROUP BY tenant_id, scenario_id, item_id, date",
    ),
    "items of days in a time zone at :30": (
        "SELECT tenant_id, item_id, toDate(bucket, 'Asia/Kolkata') AS day, sum(impressions), sum(clicks) "
        "FROM item_stats_daily_states GROUP BY tenant_id, item_id, day",
        "SELECT tenant_id, item_id, toDate(timestamp, 'Asia/Kolkata') AS day, countIf(action_type = 'impression'), "
        "countIf(action_type = 'click') FROM user_behaviors WHERE item_id != '' GROUP BY tenant_id, item_id, day",
    ),
    "experiment_metrics": (
        "SELECT tenant_id, scenario_id, experiment_id, experiment_group, date, events, impressions, clicks, views, "
        "add_carts, conversions, active_users, clicking_users, converting_users, total_watch_duration, "
        "round(avg_completion_rate, 9), round(avg_completion_rate_watched, 9) FROM experiment_metrics",
        "SELECT tenant_id, scenario_id, experiment_id, experiment_group, date, count(), "
        f"{_counts('impressions', 'clicks', 'views', 'add_carts', 'conversions')}, count(DISTINCT user_id), "
        "uniqExactIf(user_id, action_type = 'click'), uniqExactIf(user_id, action_type = 'order'), "
        "sum(watch_duration), round(avg(completion_rate), 9), "
        "round(ifNotFinite(avgIf(completion_rate, watch_duration + completion_rate > 0), 0), 9) FROM user_behaviors "
        "WHERE experiment_id != '' GROUP BY tenant_id, scenario_id, experiment_id, experiment_group, date",
    ),
    "position_stats_daily": (
        "SELECT tenant_id, scenario_id, date, position, impressions, clicks, round(ctr, 12) FROM position_stats_daily",
        "SELECT tenant_id, scenario_id, date, position, countIf(action_type = 'impression') AS shown, "
        "countIf(action_type = 'click') AS clicked, if(shown = 0, 0, round(clicked / shown, 12)) FROM user_behaviors "
        "WHERE position >= 0 AND item_id != '' GROUP BY tenant_id, scenario_id, date, position",
    ),
    "item_ctr_corrected": (
        "SELECT tenant_id, scenario_id, item_id, date, impressions, clicks, round(expected_clicks, 9), "
        "round(clicks_over_expected, 9) FROM item_ctr_corrected",
        "WITH slots AS (SELECT tenant_id, scenario_id, date, position, countIf(action_type = 'click') / "
        "countIf(action_type = 'impression') AS rate FROM user_behaviors WHERE position >= 0 AND item_id != '' "
        "GROUP BY tenant_id, scenario_id, date, position) "
        "SELECT b.tenant_id, b.scenario_id, item_id, b.date, countIf(action_type = 'impression'), "
        "countIf(action_type = 'click') AS clicked, round(sumIf(rate, action_type = 'impression'), 9) AS expected, "
        "round(if(expected = 0, 0, clicked / sumIf(rate, action_type = 'impression')), 9) FROM user_behaviors AS b "
        "JOIN slots AS s ON b.tenant_id = s.tenant_id AND b.scenario_id = s.scenario_id AND b.date = s.date "
        "AND b.position = s.position WHERE item_id != '' GROUP BY b.tenant_id, b.scenario_id, item_id, b.date",
    ),
    "exposures": (
        "SELECT tenant_id, scenario_id, date, request_id, position, item_id, impressions, clicks, "
        "if(clicks > 0, toUnixTimestamp64Milli(clicked_at), 0) FROM exposures WHERE impressions > 0",
        "WITH shown AS (SELECT tenant_id, scenario_id, date, request_id, position, item_id, count() AS n "
        "FROM user_behaviors WHERE action_type = 'impression' AND request_id != '' GROUP BY ALL), "
        "clicked AS (SELECT tenant_id, scenario_id, date, request_id, position, item_id, count() AS n, "
        "toUnixTimestamp64Milli(min(timestamp)) AS at FROM user_behaviors WHERE action_type = 'click' GROUP BY ALL) "
        "SELECT tenant_id, scenario_id, date, request_id, position, item_id, shown.n, clicked.n, clicked.at FROM shown "
        "LEFT JOIN clicked USING (tenant_id, scenario_id, date, request_id, position, item_id)",
    ),
    "heatmap": (
        "SELECT tenant_id, scenario_id, date, page_host, page_path, viewport, cell_x, cell_y, action_type, events "
        "FROM heatmap",
        "SELECT tenant_id, scenario_id, date, page_host, page_path, "
        f"if(viewport_width < 0, -1, arrayLast(w -> w <= viewport_width, {_WIDTH})) AS viewport, "
        "toInt32(floor(x / 20)) AS cell_x, toInt32(floor(y / 20)) AS cell_y, action_type, count() FROM user_behaviors "
        "WHERE x >= 0 AND y >= 0 AND url != '' GROUP BY ALL",
    ),
    "pages": (
        "SELECT tenant_id, page_host, page_path, title, events, pageviews, toString(first_seen), toString(last_seen) "
        "FROM pages",
        "SELECT tenant_id, page_host, page_path, max(title), count(), countIf(action_type = 'pageview'), "
        "toString(toTimeZone(min(timestamp), 'UTC')), toString(toTimeZone(max(timestamp), 'UTC')) FROM user_behaviors "
        "WHERE url != '' GROUP BY tenant_id, page_host, page_path",
    ),
    "elements": (
        "SELECT tenant_id, page_host, page_path, element_id, events, clicks FROM elements",
        "SELECT tenant_id, page_host, page_path, element_id, count(), countIf(action_type = 'click') "
        "FROM user_behaviors WHERE url != '' AND element_id != '' GROUP BY ALL",
    ),
    "sessions": (
        "SELECT tenant_id, user_id, session_id, date, toUnixTimestamp64Milli(started), toUnixTimestamp64Milli(ended), "
        "duration, events, impressions, clicks, conversions, pages, items, pageviews, entry_page, exit_page, bounce "
        "FROM sessions",
        "SELECT tenant_id, user_id, session_id, toDate(min(timestamp), 'UTC'), "
        "toUnixTimestamp64Milli(min(timestamp)) AS a, toUnixTimestamp64Milli(max(timestamp)) AS b, (b - a) / 1000, "
        f"count(), {_counts('impressions', 'clicks', 'conversions')}, "
        f"arrayMap(x -> x.2, arraySort(groupArrayIf((timestamp, {_PAGE}), action_type = 'pageview'))) AS seen, "
        "arrayMap(x -> x.2, arraySort(groupArrayIf((timestamp, item_id), action_type = 'view'))), length(seen), "
        f"argMinIf({_PAGE}, (timestamp, {_PAGE}), action_type = 'pageview'), "
        f"argMaxIf({_PAGE}, (timestamp, {_PAGE}), action_type = 'pageview'), "
        "countIf(action_type = 'pageview') <= 1 AND countIf(action_type NOT IN ('pageview', 'impression')) = 0 "
        "FROM user_behaviors WHERE session_id != '' GROUP BY tenant_id, user_id, session_id",
    ),
    "page_transitions": (
        "SELECT tenant_id, date, from_page, to_page, transitions FROM page_transitions",
        _PAIRS.format(steps=_STEPS.format(what=_PAGE, action="pageview")),
    ),
    "item_transitions": (
        "SELECT tenant_id, date, from_item, to_item, transitions FROM item_transitions",
        _PAIRS.format(steps=_STEPS.format(what="item_id", action="view")),
    ),
    "users": (
        "SELECT tenant_id, user_id, toUnixTimestamp64Milli(first_seen), toUnixTimestamp64Milli(last_seen), days, "
        "events, conversions FROM users",
        "SELECT tenant_id, user_id, toUnixTimestamp64Milli(min(timestamp)), toUnixTimestamp64Milli(max(timestamp)), "
        "count(DISTINCT date), count(), countIf(action_type = 'order') FROM user_behaviors GROUP BY tenant_id, user_id",
    ),
    "retention_daily": (
        "SELECT tenant_id, cohort_date, day, users FROM retention_daily",
        "WITH cohorts AS (SELECT tenant_id, user_id, min(date) AS cohort FROM user_behaviors GROUP BY ALL) "
        "SELECT tenant_id, cohort, dateDiff('day', cohort, date) AS day, count(DISTINCT user_id) FROM user_behaviors "
        "JOIN cohorts USING (tenant_id, user_id) GROUP BY tenant_id, cohort, day",
    ),
    "users of days in a time zone at :45": (
        "SELECT tenant_id, day, count(DISTINCT user_id) FROM (SELECT tenant_id, user_id, toDate(toDateTime(date, "
        "'UTC') + 900 * quarter, 'Asia/Kathmandu') AS day FROM (SELECT tenant_id, user_id, date, "
        "groupBitOr(quarters_am) AS am, groupBitOr(quarters_pm) AS pm FROM user_days_states GROUP BY ALL) "
        "ARRAY JOIN arrayConcat(bitPositionsToArray(am), arrayMap(n -> n + 48, bitPositionsToArray(pm))) AS quarter) "
        "GROUP BY tenant_id, day",
        "SELECT tenant_id, toDate(timestamp, 'Asia/Kathmandu') AS day, count(DISTINCT user_id) FROM user_behaviors "
        "GROUP BY tenant_id, day",
    ),
    "events": (
        "SELECT event_id, tenant_id, type, user_id, session_id, element_id, x, y, page_path FROM events AS e "
        "JOIN pages AS p ON e.tenant_id = p.tenant_id AND e.page_id = p.page_id",
        "SELECT event_id, tenant_id, action_type, user_id, session_id, element_id, x, y, page_path FROM user_behaviors "
        "WHERE url != ''",
    ),
}
