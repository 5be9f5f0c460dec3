"""From a request to who asks, for which tenant, within which bounds. Every route takes one of the types at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, cast
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Depends, HTTPException, Query, Request, Security, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from analytics import cookie
from analytics.period import period
from analytics.scope import Scope
from analytics.services import Services
from analytics.tokens import Grant, Role, Tenant
from analytics.wrong import WrongError
from clickstream.error_codes import ErrorCode

ID_LENGTH = 128

_BEARER = HTTPBearer(auto_error=False, description="a token that `clickstream token` made")


def services(request: Request) -> Services:
    """What the application was made with."""
    return cast(Services, request.app.state.services)


Served = Annotated[Services, Depends(services)]


@dataclass(frozen=True)
class Asker:
    """Who asks, and for whom.

    Attributes:
        grant: of the token.
        tenant_id: the tenant that the request is about: one of the grant's.
        tenant: how it is shown.
    """

    grant: Grant
    tenant_id: str
    tenant: Tenant


def grant_of(served: Services, token: str) -> Grant | None:
    """What a token allows now; None: nothing."""
    return served.tokens.grant(token, datetime.fromtimestamp(served.clock.now(), UTC))


def signed_in(
    request: Request,
    served: Served,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
) -> Grant:
    """The grant of a request's token: that of its header, else the one of its cookie."""
    token = credentials.credentials if credentials else cookie.token_of(request)
    grant = grant_of(served, token) if token else None
    if grant is None:
        said = "the token is unknown or has expired" if token else "send a header Authorization: Bearer TOKEN"
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, said, headers={"WWW-Authenticate": "Bearer"})
    return grant


def allowed(role: Role) -> Callable[..., Asker]:
    """A dependency: who asks, if the token has this role for the tenant that the request names."""

    def asker(
        served: Served,
        grant: Annotated[Grant, Depends(signed_in)],
        tenant_id: Annotated[
            str | None, Query(max_length=ID_LENGTH, description="may be left out where the token is for one tenant")
        ] = None,
    ) -> Asker:
        if tenant_id is None and len(grant.tenants) > 1:
            raise HTTPException(422, f"name a tenant_id: this token is for {', '.join(grant.tenants)}")
        named = grant.tenants[0] if tenant_id is None else tenant_id
        if named not in grant.tenants:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "this token is not for that tenant")
        if role not in grant.roles:
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"this token lacks the role {role.value!r}")
        return Asker(grant, named, served.tokens.tenant(named))

    return asker


Reader = Annotated[Asker, Depends(allowed(Role.READ))]
Admin = Annotated[Asker, Depends(allowed(Role.ADMIN))]
Eraser = Annotated[Asker, Depends(allowed(Role.ERASE))]


Bounds = Callable[[], Scope]


def _bounds(  # noqa: PLR0913, PLR0917 - a parameter of the address each
    served: Served,
    reader: Reader,
    scenario_id: Annotated[
        str | None, Query(max_length=ID_LENGTH, description="place of recommendations; left out: all of them")
    ] = None,
    start_time: Annotated[str | None, Query(max_length=40, description="ISO 8601; default: 7 days ago")] = None,
    end_time: Annotated[str | None, Query(max_length=40, description="ISO 8601, excluded; default: now")] = None,
    time_zone: Annotated[
        str | None, Query(max_length=64, description="such as Asia/Shanghai; default: the tenant's")
    ] = None,
) -> Bounds:
    """The bounds that a request names, as of the time when they are asked for: where no end is given, it moves on."""
    zone = reader.tenant.zone if not time_zone else _zone(time_zone)

    def now() -> Scope:
        moment = datetime.fromtimestamp(served.clock.now(), UTC)
        return Scope(reader.tenant_id, scenario_id or None, period(start_time, end_time, zone, moment))

    return now


def _scope(bounds: Annotated[Bounds, Depends(_bounds)]) -> Scope:
    return bounds()


@cache
def _zones() -> frozenset[str]:
    """Read once: each of them is a file that is opened."""
    return frozenset(available_timezones())


def _zone(name: str) -> ZoneInfo:
    if name not in _zones():
        said = f"time_zone {name!r} is unknown; write it as Asia/Shanghai or UTC"
        raise WrongError(said, ErrorCode.TIME_ZONE_UNKNOWN, name=name)
    return ZoneInfo(name)


Asked = Annotated[Scope, Depends(_scope)]
Moving = Annotated[Bounds, Depends(_bounds)]
