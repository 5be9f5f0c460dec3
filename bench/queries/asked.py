"""The service's own questions, as its routes ask them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from analytics.period import Grain
from analytics.questions import behavior, dashboard, funnel, heatmap, items, paths, retention, trend
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from clickstream.events.action import Action

STEPS = ("impression", "click", "order")
WINDOW_SECONDS = 24 * 3600


class Kind(StrEnum):
    """What a question is answered from."""

    MART = "mart"
    ADHOC = "adhoc"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question.

    Attributes:
        name: of the question.
        kind: what answers it.
        ask: asks it once, within a scope.
        places: whether it is about one place, not all of a tenant's.
    """

    name: str
    kind: Kind
    ask: Callable[[Warehouse, Scope], Awaitable[object]]
    places: bool = False


def questions(path: str) -> tuple[Asked, ...]:
    """Each of them.

    Args:
        path: of the page that the heatmap shows.
    """
    return (
        Asked("dashboard", Kind.MART, lambda w, s: dashboard.dashboard(w, None, s), places=True),
        Asked("trend", Kind.MART, lambda w, s: trend.trend(w, s, Grain.HOUR), places=True),
        Asked("items", Kind.MART, lambda w, s: items.items(w, s, items.Sort.CLICKS, 10), places=True),
        Asked("heatmap", Kind.MART, lambda w, s: heatmap.heatmap(w, s, "", path, Action.CLICK)),
        Asked("behavior", Kind.ADHOC, behavior.behavior),
        Asked("funnel", Kind.ADHOC, lambda w, s: funnel.funnel(w, s, STEPS, WINDOW_SECONDS, funnel.Breakdown.NONE)),
        Asked("retention", Kind.ADHOC, lambda w, s: retention.retention(w, s, retention.Unit.DAY)),
        Asked(
            "paths",
            Kind.ADHOC,
            lambda w, s: paths.paths(
                w, s, of=paths.Node.PAGE, direction=paths.Direction.FROM, start="", depth=paths.DEEPEST, links=20
            ),
        ),
    )
