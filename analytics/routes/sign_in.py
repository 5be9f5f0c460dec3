"""POST /sign-in, /sign-out, and GET /api/v1/analytics/session: who looks at the pages.

A signed-in address carries its token behind a #, which browsers send to nobody. The page there posts it once, gets a
cookie for it, and goes on to an address without it.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field

from analytics import cookie
from analytics.access import Served, grant_of, signed_in
from analytics.answer import Answer
from analytics.tokens import Grant, Role

router = APIRouter(tags=["sign-in"])


class Token(BaseModel):
    """What is signed in with."""

    token: str = Field(min_length=1, max_length=512)


class Known(Answer):
    """A tenant: its title for people, and whose days are its days."""

    tenant_id: str
    title: str
    time_zone: str


class Session(Answer):
    """Who asks, and what for."""

    name: str
    roles: list[Role]
    tenants: list[Known]
    expires: datetime | None


@router.post("/sign-in", status_code=204)
async def sign_in(served: Served, request: Request, response: Response, given: Token) -> None:
    """Keep a token in a cookie of the browser."""
    cookie.require_own_page(request)
    if grant_of(served, given.token) is None:
        raise HTTPException(401, "the token is unknown or has expired")
    cookie.keep(response, request, given.token)


@router.post("/sign-out", status_code=204)
async def sign_out(request: Request, response: Response) -> None:
    """Forget the token."""
    cookie.require_own_page(request)
    cookie.forget(response)


@router.get("/api/v1/analytics/session")
async def get_session(served: Served, grant: Annotated[Grant, Depends(signed_in)]) -> Session:
    """Whose token it is, for which tenants and roles."""
    tenants = []
    for tenant_id in grant.tenants:
        tenant = served.tokens.tenant(tenant_id)
        tenants.append(Known(tenant_id=tenant_id, title=tenant.title or tenant_id, time_zone=tenant.time_zone))
    expires = grant.expires.astimezone(UTC) if grant.expires else None
    return Session(name=grant.name, roles=sorted(grant.roles), tenants=tenants, expires=expires)
