"""The figures at the top of the dashboard, against the period before."""

import asyncio
from typing import Protocol

from analytics.answer import Answer, Span
from analytics.question import from_mart
from analytics.rates import change, percent
from analytics.scope import Scope
from analytics.warehouse import Warehouse


class Counts(Protocol):
    """The two figures that are configuration, not behaviour."""

    async def counts(self, tenant: str) -> tuple[int, int] | None:
        """Items and active scenarios of a tenant; None when nobody answers."""


class Totals(Answer):
    """What happened. Rates are in percent of recommendations; a conversion is an order.

    Attributes:
        total_recommendations: impressions.
        active_users: different users who did anything, exact.
    """

    total_recommendations: int
    total_clicks: int
    ctr: float
    total_conversions: int
    conversion_rate: float
    active_users: int


class Overview(Totals):
    """Totals and what is configured; the last two are null while MongoDB does not answer."""

    total_items: int | None
    active_scenarios: int | None


class Changes(Answer):
    """By how many percent each total is above that of the period before; null where that was 0."""

    total_recommendations: float | None
    total_clicks: float | None
    ctr: float | None
    total_conversions: float | None
    conversion_rate: float | None
    active_users: float | None


class Dashboard(Answer):
    """The dashboard's figures."""

    overview: Overview
    previous: Totals
    change: Changes
    period: Span
    data_source: str = "clickhouse"


async def dashboard(warehouse: Warehouse, counts: Counts | None, scope: Scope) -> Dashboard:
    """Answer for a scope. Both periods and the configuration are asked at the same time."""
    now, before, configured = await asyncio.gather(
        totals(warehouse, scope), totals(warehouse, scope.before), _counts(counts, scope.tenant)
    )
    items, scenarios = configured if configured is not None else (None, None)
    return Dashboard(
        overview=Overview(**now.model_dump(), total_items=items, active_scenarios=scenarios),
        previous=before,
        change=Changes(**{name: change(getattr(now, name), getattr(before, name)) for name in Totals.model_fields}),
        period=Span.of(scope.period),
    )


async def totals(warehouse: Warehouse, scope: Scope) -> Totals:
    """What happened within a scope."""
    (row,) = await warehouse.ask(scope, from_mart("totals", scope))
    return Totals(
        total_recommendations=row["impressions"],
        total_clicks=row["clicks"],
        ctr=percent(row["clicks"], row["impressions"]),
        total_conversions=row["conversions"],
        conversion_rate=percent(row["conversions"], row["impressions"]),
        active_users=row["active_users"],
    )


async def _counts(counts: Counts | None, tenant: str) -> tuple[int, int] | None:
    return None if counts is None else await counts.counts(tenant)
