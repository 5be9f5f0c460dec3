"""Which pages or items users go through, from one or to one: what a Sankey diagram shows."""

from enum import StrEnum

from analytics.answer import Answer, Span
from analytics.scope import Scope
from analytics.warehouse import Warehouse

DEEPEST = 5


class Node(StrEnum):
    """What a path goes through."""

    PAGE = "page"
    ITEM = "item"


class Direction(StrEnum):
    """Whether the steps behind a node are asked for, or those before it."""

    FROM = "from"
    TO = "to"


class Link(Answer):
    """A step that sessions took.

    Attributes:
        step: from 1 at the given node.
        source: where they were; in direction `to`, the node that is nearer to the given one.
        target: where they went, or in direction `to`, came from; empty: the session ended (began) there.
        sessions: how many took it at this step.
    """

    step: int
    source: str
    target: str
    sessions: int


class Paths(Answer):
    """The links by step, the most frequent of each first."""

    links: list[Link]
    of: Node
    direction: Direction
    start: str
    period: Span


async def paths(  # noqa: PLR0913 - what is asked for, each once
    warehouse: Warehouse, scope: Scope, *, of: Node, direction: Direction, start: str, depth: int, links: int
) -> Paths:
    """Answer for a scope; an empty `start` is where sessions begin (or end).

    A session counts from the first time that it was at `start`, and in direction `to` up to the last time.
    """
    rows = await warehouse.ask(
        scope,
        "paths",
        of_items=int(of is Node.ITEM),
        backwards=int(direction is Direction.TO),
        start=start,
        depth=depth,
        links=links,
    )
    return Paths(
        links=[Link(**row) for row in rows], of=of, direction=direction, start=start, period=Span.of(scope.period)
    )
