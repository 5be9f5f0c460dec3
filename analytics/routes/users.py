"""DELETE /api/v1/analytics/users/{id}: erases a user's data. It needs a token with the role erase."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path

from analytics.access import ID_LENGTH, Eraser, Served
from analytics.erasure.receipt import Receipt

router = APIRouter(prefix="/api/v1/analytics", tags=["erasure"])


@router.delete("/users/{user_id:path}")
async def delete_user(
    served: Served, eraser: Eraser, user_id: Annotated[str, Path(min_length=1, max_length=ID_LENGTH)]
) -> Receipt:
    """Erase a user of the token's tenant, and say what stays. It may take minutes; it can be repeated."""
    if served.erasure is None:
        raise HTTPException(503, "this service was started without the means to erase")
    return await served.erasure.erase(eraser.tenant_id, user_id, eraser.grant.name, served.catalogue)
