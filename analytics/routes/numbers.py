"""GET /api/v1/analytics/{dashboard,trend,items,behavior,funnel}: numbers out of ClickHouse."""

from typing import Annotated

from fastapi import APIRouter, Query

from analytics.access import ID_LENGTH, Asked, Served
from analytics.period import Grain
from analytics.questions import behavior, dashboard, funnel, items, trend
from analytics.questions.funnel import MOST_STEPS, UNLIMITED, Breakdown
from analytics.questions.items import Sort
from analytics.wrong import WrongError
from clickstream.error_codes import ErrorCode

router = APIRouter(prefix="/api/v1/analytics", tags=["numbers"])

_DEFAULT_STEPS = ",".join(behavior.STEPS)


@router.get("/dashboard")
async def get_dashboard(served: Served, scope: Asked) -> dashboard.Dashboard:
    """Recommendations, clicks, conversions, users; what is configured; change against the period before."""
    return await dashboard.dashboard(served.warehouse, served.configuration, scope)


@router.get("/trend")
async def get_metrics_trend(
    served: Served,
    scope: Asked,
    granularity: Annotated[Grain, Query(description="hours and days are those of the time zone")] = Grain.DAY,
) -> trend.Trend:
    """Every metric by hour or day, gaps filled."""
    return await trend.trend(served.warehouse, scope, granularity)


@router.get("/items")
async def get_item_distribution(
    served: Served,
    scope: Asked,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    sort: Annotated[Sort, Query(description="what `count` is")] = Sort.CLICKS,
) -> items.Distribution:
    """Items of which most was done, with the bounds of their click-through rate."""
    return await items.items(served.warehouse, scope, sort, limit)


@router.get("/behavior")
async def get_user_behavior_analysis(served: Served, scope: Asked) -> behavior.Behavior:
    """Kinds of actions by users and events, the funnel from impression to order, and the rates between them."""
    return await behavior.behavior(served.warehouse, scope)


@router.get("/funnel")
async def get_funnel(
    served: Served,
    scope: Asked,
    steps: Annotated[
        str, Query(max_length=2000, description="names of events, or page:/path, separated by commas")
    ] = _DEFAULT_STEPS,
    window_seconds: Annotated[int, Query(ge=1, le=UNLIMITED, description="from the first step to the last")] = 7
    * 24
    * 3600,
    breakdown: Annotated[Breakdown, Query()] = Breakdown.NONE,
) -> funnel.Funnel:
    """How many users take the steps in order within the window, and how long each takes."""
    named = tuple(step.strip() for step in steps.split(","))
    if not 1 <= len(named) <= MOST_STEPS:
        said = f"steps: {len(named)} are named; name 1 to {MOST_STEPS}"
        raise WrongError(said, ErrorCode.STEPS_NUMBER, count=len(named), most=MOST_STEPS)
    if any(not 1 <= len(step) <= ID_LENGTH for step in named):
        raise WrongError(f"steps: each has 1 to {ID_LENGTH} characters", ErrorCode.STEPS_LENGTH, most=ID_LENGTH)
    return await funnel.funnel(served.warehouse, scope, named, window_seconds, breakdown)
