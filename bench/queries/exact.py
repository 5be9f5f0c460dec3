"""The same questions in plain SQL over the rows, whose answers the service's must equal."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.queries.asked import WINDOW_SECONDS

Rows = Sequence[Sequence[Any]]

_ROWS = "tenant_id = {tenant:String} AND date >= {first:Date} AND date < {last:Date}"
_PLACE = f"{_ROWS} AND scenario_id = {{scenario:String}}"
_COUNTS = "countIf(action_type = 'impression'), countIf(action_type = 'click')"


@dataclass(frozen=True, slots=True)
class Exact:
    """One question.

    Attributes:
        sql: answers it.
        told: what the service's answer says of it, in the form of `rows`.
        rows: the SQL's rows.
    """

    sql: str
    told: Callable[[Any], object]
    rows: Callable[[Rows], object] = lambda rows: [tuple(row) for row in rows]


def _overview(answer: Any) -> object:
    found = answer.overview
    return [(found.total_recommendations, found.total_clicks, found.total_conversions, found.active_users)]


def _trend(answer: Any) -> object:
    points = {series.metric_name: series.points for series in answer.trends}
    names = ("impressions", "clicks", "active_users")
    hours = zip(*(points[name] for name in names), strict=True)
    # Hours without events are filled in.
    return [
        (int(hour[0].timestamp.timestamp()), *(point.value for point in hour)) for hour in hours if hour[-1].value > 0
    ]


def _heatmap(answer: Any) -> object:
    cells: Counter[tuple[int, int]] = Counter()
    for viewport in answer.viewports:
        for cell in viewport.cells:
            cells[cell.x, cell.y] += cell.events
    return cells


def _reached(rows: Rows) -> object:
    levels = {int(row[0]): int(row[1]) for row in rows}
    return [sum(users for level, users in levels.items() if level >= step) for step in (1, 2, 3)]


EXACT: Mapping[str, Exact] = {
    "dashboard": Exact(
        f"SELECT {_COUNTS}, countIf(action_type = 'order'), uniqExact(user_id) FROM user_behaviors WHERE {_PLACE}",
        _overview,
    ),
    "trend": Exact(
        f"SELECT toUnixTimestamp(toStartOfHour(timestamp, 'UTC')) AS hour, {_COUNTS}, uniqExact(user_id) "
        f"FROM user_behaviors WHERE {_PLACE} GROUP BY hour ORDER BY hour",
        _trend,
    ),
    "items": Exact(
        f"SELECT item_id, {_COUNTS} AS clicks FROM user_behaviors WHERE {_PLACE} AND item_id != '' "
        "GROUP BY item_id ORDER BY clicks DESC, item_id LIMIT 10",
        lambda answer: [(item.label, item.impressions, item.clicks) for item in answer.distribution],
    ),
    "heatmap": Exact(
        f"SELECT intDiv(x, 20) AS cx, intDiv(y, 20) AS cy, count() FROM user_behaviors WHERE {_ROWS} "
        "AND path(url) = {path:String} AND action_type = 'click' AND x >= 0 AND y >= 0 GROUP BY cx, cy",
        _heatmap,
        lambda rows: Counter({(x, y): events for x, y, events in rows}),
    ),
    "behavior": Exact(
        "SELECT toString(action_type) AS action, count(), uniqExact(user_id) FROM user_behaviors "
        f"WHERE {_ROWS} GROUP BY action ORDER BY action",
        lambda answer: sorted(
            (each.action_type.value, each.events, each.users) for each in answer.actions if each.events
        ),
    ),
    "funnel": Exact(
        f"SELECT level, count() FROM (SELECT windowFunnel({WINDOW_SECONDS * 1000})"
        "(toUInt64(toUnixTimestamp64Milli(timestamp)), action_type = 'impression', action_type = 'click', "
        f"action_type = 'order') AS level FROM user_behaviors WHERE {_ROWS} GROUP BY user_id) GROUP BY level",
        lambda answer: [step.users for step in answer.steps],
        _reached,
    ),
    "retention": Exact(
        "SELECT cohort, dateDiff('day', cohort, b.date) AS later, uniqExact(b.user_id) FROM user_behaviors AS b "
        f"JOIN (SELECT user_id, min(date) AS cohort FROM user_behaviors WHERE {_ROWS} GROUP BY user_id) AS c "
        f"ON b.user_id = c.user_id WHERE b.{_ROWS} GROUP BY cohort, later ORDER BY cohort, later",
        lambda answer: [
            (cohort.cohort, later, users)
            for cohort in answer.cohorts
            for later, users in enumerate(cohort.returned)
            if users
        ],
    ),
    # The first step alone: from the page on which a session begins to the first other one.
    "paths": Exact(
        "SELECT here, there, count() AS sessions FROM (SELECT argMin(page, place) AS here, "
        "argMinIf(page, place, number = 2) AS there FROM (SELECT user_id, session_id, page, place, "
        "row_number() OVER (PARTITION BY user_id, session_id ORDER BY place) AS number FROM (SELECT user_id, "
        "session_id, path(url) AS page, (timestamp, event_id) AS place, lagInFrame(path(url), 1, '') OVER (PARTITION "
        "BY user_id, session_id ORDER BY timestamp, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) "
        f"AS before FROM user_behaviors WHERE {_ROWS} AND action_type = 'pageview' AND session_id != '' "
        "AND path(url) != '') WHERE page != before) GROUP BY user_id, session_id) "
        "GROUP BY here, there ORDER BY sessions DESC, here, there LIMIT 20",
        lambda answer: [(link.source, link.target, link.sessions) for link in answer.links if link.step == 1],
    ),
}
