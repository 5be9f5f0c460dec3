"""Where on a page users act, told apart by the width of the window, for a page is laid out by it."""

from dataclasses import dataclass

from analytics.answer import Answer, Span
from analytics.question import from_mart
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from clickstream.events.action import Action

CELL_PIXELS = 20


@dataclass(slots=True)  # a page has ten thousand of them: as models they would take longer than the query
class Cell:
    """A square of the page; `x` and `y` count cells from the page's left upper corner."""

    x: int
    y: int
    events: int


class Viewport(Answer):
    """What was done in windows of one class of width.

    Attributes:
        least_width: the class's least width in CSS pixels; -1: unknown.
        events: of all cells.
        cells: those where something was done, by row.
    """

    least_width: int
    events: int
    cells: list[Cell]


class Heatmap(Answer):
    """A page's heatmaps, narrowest windows first."""

    page_path: str
    action_type: Action
    cell_pixels: int
    viewports: list[Viewport]
    period: Span


async def heatmap(warehouse: Warehouse, scope: Scope, host: str, path: str, action: Action) -> Heatmap:
    """Answer for a page of a scope; an empty host stands for all of them."""
    rows = await warehouse.ask(scope, from_mart("heatmap", scope), host=host, path=path, action=action.value)
    classes: dict[int, list[Cell]] = {}
    for row in rows:
        classes.setdefault(row["viewport"], []).append(Cell(row["cell_x"], row["cell_y"], row["events"]))
    return Heatmap(
        page_path=path,
        action_type=action,
        cell_pixels=CELL_PIXELS,
        viewports=[
            Viewport(least_width=width, events=sum(cell.events for cell in cells), cells=cells)
            for width, cells in sorted(classes.items())
        ],
        period=Span.of(scope.period),
    )
