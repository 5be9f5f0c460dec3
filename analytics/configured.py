"""The part of the service that is configuration: the catalogue's routes and errors, its indexes, its gRPC server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from analytics.catalogue.errors import (
    AbsentError,
    CatalogueError,
    ConflictError,
    InvalidError,
    RevisionNeededError,
    StaleError,
)
from analytics.reasons import told
from analytics.routes import catalogue, dead_letters, model_versions
from analytics.rpc.serving import serving
from analytics.services import Services

_STATUS: dict[type[Exception], int] = {
    InvalidError: 422,
    AbsentError: 404,
    StaleError: 412,
    ConflictError: 409,
    RevisionNeededError: 428,
}


def include(app: FastAPI) -> None:
    """Add the routes to an application."""
    app.include_router(model_versions.router)  # before those of models, whose ids may be anything
    app.include_router(catalogue.router)
    app.include_router(dead_letters.router)
    app.add_exception_handler(CatalogueError, _told)


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[int | None]:
    """What goes on beside the requests; the port of gRPC, where it is offered.

    Raises:
        ConfigurationError: gRPC's port is taken.
    """
    found = services.catalogue
    if found is None:
        yield None
        return
    async with AsyncExitStack() as stack:
        port = services.settings.grpc_port
        bound = None if port is None else await stack.enter_async_context(serving(services, found, port))
        indexing = asyncio.create_task(found.keep_trying_to_make_indexes())
        try:
            yield bound
        finally:
            indexing.cancel()
            with suppress(asyncio.CancelledError):
                await indexing


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CatalogueError)  # what it is registered for
    return JSONResponse(told(error), _STATUS[type(error)])
