"""GET /api/v1/analytics/{realtime,hot}: live figures out of Redis."""

from typing import Annotated

from fastapi import APIRouter, Query

from analytics.access import ID_LENGTH, Reader, Served
from analytics.questions import live
from analytics.services import Services
from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError
from clickstream.lookup import AsyncLookup

router = APIRouter(prefix="/api/v1/analytics", tags=["live"])

Scenario = Annotated[str, Query(min_length=1, max_length=ID_LENGTH)]


@router.get("/realtime")
async def get_realtime(served: Served, reader: Reader, scenario_id: Scenario) -> live.Realtime:
    """The last hour of a place."""
    return await live.realtime(_lookup(served), reader.tenant_id, scenario_id)


@router.get("/hot")
async def get_hot(
    served: Served, reader: Reader, scenario_id: Scenario, limit: Annotated[int, Query(ge=1, le=500)] = 20
) -> live.HotList:
    """The hottest items of a place."""
    return await live.hot(_lookup(served), reader.tenant_id, scenario_id, limit)


def _lookup(served: Services) -> AsyncLookup:
    if served.lookup is None:
        raise UnavailableError("CLICKSTREAM_REDIS_URL is not set: there are no live figures", ErrorCode.REDIS_NOT_SET)
    return served.lookup
