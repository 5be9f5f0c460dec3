"""How the figures went, by hour or by day, without gaps."""

from datetime import datetime
from typing import Any

from analytics.answer import Answer, Span
from analytics.period import Grain, milliseconds
from analytics.question import from_mart
from analytics.rates import percent
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from analytics.wrong import WrongError
from clickstream.error_codes import ErrorCode

LONGEST_HOURS = 62 * 24
METRICS = ("impressions", "clicks", "ctr", "conversions", "conversion_rate", "active_users")


class Point(Answer):
    """One value; the timestamp is the beginning of its hour or day, with the offset of the time zone."""

    timestamp: datetime
    value: float


class Series(Answer):
    """One metric: a point for every hour or day of the period. Rates are in percent of impressions."""

    metric_name: str
    points: list[Point]


class Trend(Answer):
    """All metrics."""

    trends: list[Series]
    granularity: Grain
    period: Span


async def trend(warehouse: Warehouse, scope: Scope, grain: Grain) -> Trend:
    """Answer for a scope. Hours and days are those of the period's time zone; the first and last may be cut by it.

    Raises:
        WrongError: too many hours.
    """
    span = scope.period
    if grain is Grain.HOUR and span.end_ms - span.start_ms > LONGEST_HOURS * 3_600_000:
        days = LONGEST_HOURS // 24
        said = f"more than {days} days by hour: ask by day, or narrow the period"
        raise WrongError(said, ErrorCode.PERIOD_TOO_LONG_BY_HOUR, days=days)
    rows = await warehouse.ask(scope, from_mart(f"trend_{grain.value}", scope))
    found = {row[grain.value]: row for row in rows}
    buckets: list[tuple[datetime, dict[str, Any]]]
    if grain is Grain.HOUR:
        buckets = [(hour.astimezone(span.zone), found.get(milliseconds(hour), {})) for hour in span.hours()]
    else:
        buckets = [
            (datetime(day.year, day.month, day.day, tzinfo=span.zone), found.get(day.isoformat(), {}))
            for day in span.days()
        ]
    return Trend(
        trends=[
            Series(metric_name=name, points=[Point(timestamp=at, value=_value(name, row)) for at, row in buckets])
            for name in METRICS
        ],
        granularity=grain,
        period=Span.of(span),
    )


def _value(name: str, row: dict[str, Any]) -> float:
    if name == "ctr":
        return percent(row.get("clicks", 0), row.get("impressions", 0))
    if name == "conversion_rate":
        return percent(row.get("conversions", 0), row.get("impressions", 0))
    return float(row.get(name, 0))
