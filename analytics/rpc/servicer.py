"""The calls of clickstream.catalogue.v1.Catalogue: four for each kind, made from one, and those of models' versions."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from analytics.catalogue import versions
from analytics.catalogue.catalogue import Catalogue
from analytics.catalogue.errors import (
    AbsentError,
    ConflictError,
    InvalidError,
    RevisionNeededError,
    StaleError,
)
from analytics.catalogue.kinds import KINDS, Kind
from analytics.catalogue.store import MOST_LISTED, NEW
from analytics.rpc.access import DeniedError, tenant_of
from analytics.rpc.conversion import to_content, to_message
from analytics.services import Services
from analytics.tokens import Role
from clickstream.catalogue.v1 import catalogue_pb2 as pb
from clickstream.catalogue.v1.catalogue_pb2_grpc import CatalogueServicer
from clickstream.errors import ClickstreamError, UnavailableError

Context = grpc.aio.ServicerContext[Any, Any]
Call = Callable[[Any, str], Awaitable[Message]]

_LOG = logging.getLogger(__name__)
_LISTED_BY_DEFAULT = 100
_CODES: tuple[tuple[type[ClickstreamError], grpc.StatusCode], ...] = (
    (InvalidError, grpc.StatusCode.INVALID_ARGUMENT),
    (AbsentError, grpc.StatusCode.NOT_FOUND),
    (StaleError, grpc.StatusCode.ABORTED),
    (RevisionNeededError, grpc.StatusCode.FAILED_PRECONDITION),
    (ConflictError, grpc.StatusCode.FAILED_PRECONDITION),
    (UnavailableError, grpc.StatusCode.UNAVAILABLE),
)


class Servicer(CatalogueServicer):
    """Answers the calls.

    Args:
        services: tokens and clock.
        catalogue: what is read and changed.
    """

    def __init__(self, services: Services, catalogue: Catalogue) -> None:
        self._services = services
        self._catalogue = catalogue
        for kind in KINDS:
            self._offer(kind)
        self._answer("ListModelVersions", Role.READ, self._list_versions)
        self._answer("ActivateModel", Role.ADMIN, self._activate)

    def _offer(self, kind: Kind[Any, Any]) -> None:
        store, one = self._catalogue.store(kind), kind.content.__name__
        message: Callable[[], Message] = getattr(pb, one)
        listed: Callable[..., Message] = getattr(pb, f"{one}List")

        async def get(request: pb.GetRequest, tenant: str) -> Message:
            return to_message(await store.get(tenant, request.id), message())

        async def page(request: pb.ListRequest, tenant: str) -> Message:
            limit = request.limit or _LISTED_BY_DEFAULT
            if not 1 <= limit <= MOST_LISTED:
                raise InvalidError(f"limit: {limit} is not between 1 and {MOST_LISTED}")
            if request.query:
                documents, after = await store.search(tenant, request.query, limit), None
            else:
                found = await store.page(tenant, dict(request.filters), request.after, limit)
                documents, after = found.documents, found.next
            return listed(documents=[to_message(each, message()) for each in documents], next=after or "")

        async def put(request: Any, tenant: str) -> Message:
            content = to_content(request.document, kind.content)
            return to_message(await store.put(tenant, content, _revision(request)), message())

        async def delete(request: pb.DeleteRequest, tenant: str) -> Message:
            await store.delete(tenant, request.id, _revision(request))
            return pb.DeleteResponse()

        self._answer(f"Get{one}", Role.READ, get)
        self._answer(f"List{one}s", Role.READ, page)
        self._answer(f"Put{one}", Role.ADMIN, put)
        self._answer(f"Delete{one}", Role.ADMIN, delete)

    async def _list_versions(self, request: pb.GetRequest, tenant: str) -> Message:
        found = await versions.all_of(self._catalogue.models, tenant, request.id)
        return pb.ModelVersionList(versions=[to_message(each, pb.ModelVersion()) for each in found])

    async def _activate(self, request: pb.ActivateModelRequest, tenant: str) -> Message:
        kept = await versions.activate(self._catalogue.models, tenant, request.id, request.version, _revision(request))
        return to_message(kept, pb.Model())

    def _answer(self, name: str, role: Role, call: Call) -> None:
        """Answer the call of that name, for whoever may make it; errors of ours as status codes."""

        async def guarded(request: Any, context: Context) -> Message:
            try:
                metadata = context.invocation_metadata() or ()
                tenant = tenant_of(self._services, metadata, request.tenant_id, role)
                return await call(request, tenant)
            except DeniedError as error:
                code, said = error.code, str(error)
            except ClickstreamError as error:
                code, said = _code(error, request), str(error)
            return await context.abort(code, said)

        setattr(self, name, guarded)


def _code(error: ClickstreamError, request: Any) -> grpc.StatusCode:
    code = next((code for kind, code in _CODES if isinstance(error, kind)), grpc.StatusCode.INTERNAL)
    if isinstance(error, ConflictError) and _revision(request) == NEW:
        return grpc.StatusCode.ALREADY_EXISTS
    if code is grpc.StatusCode.INTERNAL:
        _LOG.error("a call failed", exc_info=error)
    return code


def _revision(request: Any) -> int | None:
    if not request.HasField("revision"):
        return None
    if request.revision < NEW:
        raise InvalidError(f"revision: {request.revision} is negative")
    return int(request.revision)
