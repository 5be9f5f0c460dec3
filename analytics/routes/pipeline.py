"""GET /api/v1/analytics/pipeline: the platform's health, for who looks after it."""

from fastapi import APIRouter

from analytics.access import Admin, Served
from analytics.questions import pipeline

router = APIRouter(prefix="/api/v1/analytics", tags=["pipeline"])


@router.get("/pipeline")
async def get_pipeline(served: Served, _: Admin) -> pipeline.Pipeline:
    """Jobs with lag and checkpoints, and topics with what they keep.

    It tells about all tenants, so it takes the role `admin`.
    """
    return await pipeline.pipeline(served.platform)
