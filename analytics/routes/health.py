"""GET /healthz, /readyz: for who starts and watches the service. They need no token and tell nothing about data."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from analytics.access import Served
from clickstream.errors import ClickstreamError

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(served: Served) -> JSONResponse:
    """Whether it can do its work: ClickHouse answers."""
    try:
        await served.warehouse.alive()
    except ClickstreamError:
        return JSONResponse({"status": "unavailable", "clickhouse": "does not answer"}, 503)
    return JSONResponse({"status": "ok"})
