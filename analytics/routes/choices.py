"""GET /api/v1/analytics/choices: what the pages offer to choose from."""

from fastapi import APIRouter

from analytics.access import Asked, Served
from analytics.questions import choices

router = APIRouter(prefix="/api/v1/analytics", tags=["choices"])


@router.get("/choices")
async def get_choices(served: Served, scope: Asked) -> choices.Choices:
    """Scenarios of the tenant, and pages of the scope, that have events in the period."""
    return await choices.choices(served.warehouse, scope)
