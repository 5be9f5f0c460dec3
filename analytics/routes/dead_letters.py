"""GET /api/v1/analytics/dead-letters: what could not be stored or was refused, by reason and one by one."""

from typing import Annotated

from fastapi import APIRouter, Query

from analytics.access import Asked, Reader, Served
from analytics.dead_letters.ledger import DeadLetters, Wanted
from analytics.dead_letters.record import Kind
from analytics.tokens import Role
from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError

router = APIRouter(prefix="/api/v1/analytics", tags=["health"])


@router.get("/dead-letters")
async def get_dead_letters(  # noqa: PLR0913, PLR0917 - a parameter of the address each
    served: Served,
    reader: Reader,
    scope: Asked,
    kind: Annotated[Kind | None, Query(description="left out: both")] = None,
    reason: Annotated[str | None, Query(max_length=64, description="left out: all of them")] = None,
    limit: Annotated[int, Query(ge=0, le=500, description="how many are listed; all are counted")] = 50,
) -> DeadLetters:
    """A tenant's records, the newest first. The events themselves are shown to tokens with the role admin."""
    if served.dead_letters is None:
        raise UnavailableError(
            "CLICKSTREAM_KAFKA_BOOTSTRAP is not set: there are no dead letters to read", ErrorCode.KAFKA_NOT_SET
        )
    wanted = Wanted(kind, reason, limit, with_raw=Role.ADMIN in reader.grant.roles)
    return await served.dead_letters.find(scope, wanted)
