"""GET /api/v1/analytics/{retention,paths,heatmap,experiments}: users over time, over pages, and in groups."""

from typing import Annotated

from fastapi import APIRouter, Query

from analytics.access import ID_LENGTH, Asked, Served
from analytics.catalogue.plans import CataloguePlans
from analytics.questions import experiments, heatmap, paths, retention
from analytics.wrong import WrongError
from clickstream.error_codes import ErrorCode
from clickstream.events.action import Action

router = APIRouter(prefix="/api/v1/analytics", tags=["journeys"])

MOST_COHORTS = 92


@router.get("/retention")
async def get_retention(
    served: Served, scope: Asked, unit: Annotated[retention.Unit, Query()] = retention.Unit.DAY
) -> retention.Retention:
    """Cohorts by day or week of the time zone, and how many of each came back."""
    if unit is retention.Unit.DAY and len(scope.period.days()) > MOST_COHORTS:
        said = f"more than {MOST_COHORTS} days: ask by week, or narrow the period"
        raise WrongError(said, ErrorCode.PERIOD_TOO_LONG_BY_DAY, days=MOST_COHORTS)
    return await retention.retention(served.warehouse, scope, unit)


@router.get("/paths")
async def get_paths(  # noqa: PLR0913, PLR0917 - a parameter of the address each
    served: Served,
    scope: Asked,
    of: Annotated[paths.Node, Query()] = paths.Node.PAGE,
    direction: Annotated[paths.Direction, Query()] = paths.Direction.FROM,
    start: Annotated[
        str, Query(max_length=2048, description="a page's path or an item; left out: where sessions begin or end")
    ] = "",
    depth: Annotated[int, Query(ge=1, le=paths.DEEPEST)] = paths.DEEPEST,
    links: Annotated[int, Query(ge=1, le=500, description="of each step, at the most")] = 20,
) -> paths.Paths:
    """Steps that sessions took from a page or item, or to it."""
    return await paths.paths(served.warehouse, scope, of=of, direction=direction, start=start, depth=depth, links=links)


@router.get("/heatmap")
async def get_heatmap(
    served: Served,
    scope: Asked,
    page_path: Annotated[str, Query(max_length=2048, description="such as /home")],
    page_host: Annotated[str, Query(max_length=255, description="left out: all of them")] = "",
    action_type: Annotated[Action, Query()] = Action.CLICK,
) -> heatmap.Heatmap:
    """Where on a page something was done, by width of the window."""
    return await heatmap.heatmap(served.warehouse, scope, page_host, page_path, action_type)


@router.get("/experiments")
async def get_experiments(
    served: Served,
    scope: Asked,
    experiment_id: Annotated[str, Query(max_length=ID_LENGTH, description="left out: all of them")] = "",
    control: Annotated[str, Query(max_length=ID_LENGTH, description="the group to compare with")] = experiments.CONTROL,
) -> experiments.Experiments:
    """What each group did, lifts that may be looked at any time, and an alarm where groups differ in size."""
    plans = None if served.catalogue is None else CataloguePlans(served.catalogue)
    return await experiments.experiments(served.warehouse, scope, experiment_id, control, plans)
