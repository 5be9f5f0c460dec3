"""The items of which most was shown, clicked or ordered."""

from enum import StrEnum
from typing import Any

from analytics.answer import Answer, Span
from analytics.question import from_mart
from analytics.rates import percent, wilson
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from analytics.watching import Watching, watching


class Sort(StrEnum):
    """By what items are ranked."""

    CLICKS = "clicks"
    IMPRESSIONS = "impressions"
    CONVERSIONS = "conversions"


class Item(Watching):
    """One item.

    Attributes:
        label: its id.
        count: what the distribution is ranked by.
        ctr: clicks in percent of impressions.
        ctr_low: the lower bound of that at 95 % (Wilson).
        ctr_high: the upper bound.
    """

    label: str
    count: int
    impressions: int
    clicks: int
    conversions: int
    ctr: float
    ctr_low: float
    ctr_high: float


class Distribution(Answer):
    """Items, most first; equal ones by their label."""

    distribution: list[Item]
    sort: Sort
    period: Span


async def items(warehouse: Warehouse, scope: Scope, sort: Sort, limit: int) -> Distribution:
    """Answer for a scope."""
    rows = await warehouse.ask(scope, from_mart("items", scope), sort=sort.value, limit=limit)
    return Distribution(distribution=[_item(row) for row in rows], sort=sort, period=Span.of(scope.period))


def _item(row: dict[str, Any]) -> Item:
    low, high = wilson(row["clicks"], row["impressions"])
    return Item(
        label=row["item_id"],
        count=row["count"],
        impressions=row["impressions"],
        clicks=row["clicks"],
        conversions=row["conversions"],
        ctr=percent(row["clicks"], row["impressions"]),
        ctr_low=low,
        ctr_high=high,
        **watching(row),
    )
