"""GET /api/v1/analytics/stream: server-sent events for the pages that show what happens now."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import StreamingResponse

from analytics import cookie
from analytics.access import ID_LENGTH, Moving, Reader, Served, grant_of
from analytics.answer import Answer
from analytics.feed import Source, feed
from analytics.questions import dashboard, live
from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError
from clickstream.lookup import AsyncLookup

router = APIRouter(prefix="/api/v1/analytics", tags=["live"])

MOST_PLACES = 20

Places = Annotated[list[str] | None, Query(max_length=MOST_PLACES, description="scenarios whose last hour is sent")]


def _bearer(request: Request) -> str:
    header = request.headers.get("authorization", "")
    return header.partition(" ")[2] or cookie.token_of(request) or ""


@router.get("/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def get_stream(  # noqa: PLR0913, PLR0917 - a parameter of the address each
    served: Served,
    reader: Reader,
    bounds: Moving,
    token: Annotated[str, Depends(_bearer)],
    place: Places = None,
    hot: Annotated[int, Query(ge=0, le=500, description="hot items of each place that are sent")] = 0,
    figures: Annotated[bool, Query(description="whether the figures of `dashboard` are sent")] = False,
) -> StreamingResponse:
    """Events `live` (values and hot items of places), `figures` (the answer of `dashboard`), and `away`.

    The stream ends when its token ends.
    """
    places = tuple(dict.fromkeys(place or ()))
    if any(not 1 <= len(each) <= ID_LENGTH for each in places):
        raise HTTPException(422, f"place: each has 1 to {ID_LENGTH} characters")
    bounds()  # a wrong period is refused before the stream begins
    sources: list[Source[Answer]] = []
    if places:
        live_seconds = served.settings.live_seconds
        sources.append(Source("live", live_seconds, lambda: _live(served.lookup, reader.tenant_id, places, hot)))
    if figures:
        sources.append(
            Source(
                "figures",
                served.settings.figures_seconds,
                lambda: dashboard.dashboard(served.warehouse, served.configuration, bounds()),
            )
        )
    if not sources:
        raise HTTPException(422, "name a place, or ask for figures")
    return StreamingResponse(
        feed(*sources, allowed=lambda: grant_of(served, token) is not None),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _live(lookup: AsyncLookup | None, tenant: str, places: tuple[str, ...], hot: int) -> live.Places:
    if lookup is None:
        raise UnavailableError("CLICKSTREAM_REDIS_URL is not set: there are no live figures", ErrorCode.REDIS_NOT_SET)

    async def one(scenario: str) -> live.Place:
        values, items = await asyncio.gather(
            live.realtime(lookup, tenant, scenario), live.hot(lookup, tenant, scenario, hot)
        )
        return live.Place(scenario_id=scenario, values=values, items=items.items)

    return live.Places(places=await asyncio.gather(*map(one, places)))
