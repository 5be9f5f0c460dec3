"""What a page can be asked about: the places, pages and experiments that a tenant has rows of."""

import asyncio

from analytics.answer import Answer, Span
from analytics.scope import Scope
from analytics.warehouse import Warehouse

MOST_PAGES = 200


class Place(Answer):
    """A scenario, and its impressions."""

    scenario_id: str
    impressions: int


class Page(Answer):
    """A page, and its events."""

    page_host: str
    page_path: str
    events: int


class Choices(Answer):
    """Scenarios by id; the pages with most events, at most MOST_PAGES. Of the quarters of an hour of the period."""

    scenarios: list[Place]
    pages: list[Page]
    period: Span


async def choices(warehouse: Warehouse, scope: Scope) -> Choices:
    """Answer for a scope; its scenario bounds the pages alone."""
    places, pages = await asyncio.gather(
        warehouse.ask(Scope(scope.tenant, None, scope.period), "choices_scenarios"),
        warehouse.ask(scope, "choices_pages", most=MOST_PAGES),
    )
    return Choices(
        scenarios=[Place(**row) for row in places],
        pages=[Page(**row) for row in pages],
        period=Span.of(scope.period),
    )
