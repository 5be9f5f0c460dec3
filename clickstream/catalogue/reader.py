"""Reads the catalogue over gRPC for a service that works by it: answers are kept, and outlive an outage.

reader = CatalogueReader("127.0.0.1:8006", token)
model = await reader.get(pb.Model, "ranker")       # None: there is none
await reader.close()
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from clickstream.catalogue.v1 import catalogue_pb2 as pb
from clickstream.catalogue.v1.catalogue_pb2_grpc import CatalogueStub
from clickstream.clock import Clock, SystemClock
from clickstream.errors import ConfigurationError, ContractError, UnavailableError

M = TypeVar("M", pb.Scenario, pb.Item, pb.Model, pb.Experiment, pb.UserProfile)

_DENIED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


class CatalogueReader:
    """Documents of one tenant, by id.

    An answer is served for `fresh_seconds` without asking. Then it is asked for again; while nobody answers, the old
    one goes on being served, however old: a service should not stop because its configuration cannot be read anew.

    Args:
        address: host:port of the analytics service's gRPC interface.
        token: with the role read.
        tenant_id: may be left out where the token is for one tenant.
        fresh_seconds: how old an answer may be before it is asked for again.
        seconds: patience with one answer.
        most: answers that are kept; the one that was used longest ago goes first.
        clock: what measures the age.
    """

    def __init__(  # noqa: PLR0913 - each has a default but the first two
        self,
        address: str,
        token: str,
        *,
        tenant_id: str = "",
        fresh_seconds: float = 10.0,
        seconds: float = 2.0,
        most: int = 10_000,
        clock: Clock | None = None,
    ) -> None:
        self._address = address
        self._channel = grpc.aio.insecure_channel(address)
        stub: Callable[[grpc.aio.Channel], Any] = CatalogueStub  # generated, without types
        self._stub = stub(self._channel)
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._tenant = tenant_id
        self._fresh_seconds = fresh_seconds
        self._seconds = seconds
        self._most = most
        self._clock = clock or SystemClock()
        self._kept: dict[tuple[str, str], tuple[float, Message | None]] = {}

    async def close(self) -> None:
        """Disconnect."""
        await self._channel.close()

    async def get(self, kind: type[M], name: str) -> M | None:
        """A document, or None where there is none of that id.

        Raises:
            UnavailableError: nobody answers, and no answer is kept.
            ConfigurationError: the token is refused.
            ContractError: the service refuses the question.
        """
        key = (kind.DESCRIPTOR.name, name)
        kept = self._kept.pop(key, None)
        if kept is None or self._clock.monotonic() - kept[0] >= self._fresh_seconds:
            try:
                kept = (self._clock.monotonic(), await self._ask(*key))
            except UnavailableError:
                if kept is None:
                    raise
        self._kept[key] = kept  # behind all others: it was used last
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return cast("M | None", kept[1])

    async def _ask(self, kind: str, name: str) -> Message | None:
        call: Callable[..., Awaitable[Message]] = getattr(self._stub, f"Get{kind}")
        request = pb.GetRequest(tenant_id=self._tenant, id=name)
        try:
            return await call(request, metadata=self._metadata, timeout=self._seconds)
        except grpc.aio.AioRpcError as error:
            code, said = error.code(), f"the catalogue at {self._address}: {error.details()}"
            if code is grpc.StatusCode.NOT_FOUND:
                return None
            if code in _DENIED:
                raise ConfigurationError(said) from error
            if code in _AWAY:
                raise UnavailableError(said) from error
            raise ContractError(f"{said} ({code.name})") from error
