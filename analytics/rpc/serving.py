"""The gRPC server beside the HTTP one, in the same process and on the same loop."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc

from analytics.catalogue.catalogue import Catalogue
from analytics.rpc.servicer import Servicer
from analytics.services import Services
from clickstream.catalogue.v1.catalogue_pb2_grpc import add_CatalogueServicer_to_server
from clickstream.errors import ConfigurationError

_GRACE_SECONDS = 2.0
_LARGEST_MESSAGE = 1024 * 1024


@asynccontextmanager
async def serving(services: Services, catalogue: Catalogue, port: int) -> AsyncIterator[int]:
    """Serve until the end of the context; the port that is listened on.

    Raises:
        ConfigurationError: the port is taken, or the host is none of this machine.
    """
    server = grpc.aio.server(
        options=(
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),  # a second service on the port is an error, not half of the calls
        )
    )
    add: Callable[[Servicer, grpc.aio.Server], None] = add_CatalogueServicer_to_server  # generated, without types
    add(Servicer(services, catalogue), server)
    address = f"{services.settings.host}:{port}"
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        raise ConfigurationError(
            f"gRPC cannot listen on {address}: is the port taken? CLICKSTREAM_ANALYTICS_GRPC_PORT names it"
        ) from error
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(_GRACE_SECONDS)
