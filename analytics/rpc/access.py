"""From a call's metadata to the tenant that it is about."""

from collections.abc import Iterable
from datetime import UTC, datetime

import grpc

from analytics.catalogue.documents import MOST_ID
from analytics.services import Services
from analytics.tokens import Role


class DeniedError(Exception):
    """A call that may not be made: the status code and what is said."""

    def __init__(self, code: grpc.StatusCode, said: str) -> None:
        super().__init__(said)
        self.code = code


def tenant_of(services: Services, metadata: Iterable[tuple[str, str | bytes]], tenant_id: str, role: Role) -> str:
    """The tenant that a call is about: the one that it names, or the only one of its token.

    Raises:
        DeniedError: the token is missing or unknown, is not for that tenant, or lacks the role.
    """
    sent = next((str(value) for key, value in metadata if key == "authorization"), "")
    scheme, _, token = sent.partition(" ")
    now = datetime.fromtimestamp(services.clock.now(), UTC)
    grant = services.tokens.grant(token.strip(), now) if scheme.lower() == "bearer" else None
    if grant is None:
        said = "the token is unknown or has expired" if sent else "send the metadata authorization: Bearer TOKEN"
        raise DeniedError(grpc.StatusCode.UNAUTHENTICATED, said)
    if not tenant_id and len(grant.tenants) > 1:
        raise DeniedError(
            grpc.StatusCode.INVALID_ARGUMENT, f"name a tenant_id: this token is for {', '.join(grant.tenants)}"
        )
    named = tenant_id[: MOST_ID + 1] or grant.tenants[0]
    if named not in grant.tenants:
        raise DeniedError(grpc.StatusCode.PERMISSION_DENIED, "this token is not for that tenant")
    if role not in grant.roles:
        raise DeniedError(grpc.StatusCode.PERMISSION_DENIED, f"this token lacks the role {role.value!r}")
    return named
