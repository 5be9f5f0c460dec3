"""The application: routes, what they share, and what errors become."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from analytics import configured
from analytics.gone import CancelWhenGone
from analytics.metrics import measured
from analytics.reasons import told
from analytics.refusals import RefusedError
from analytics.routes import choices, health, journeys, live, numbers, pages, pipeline, sign_in, stream, users
from analytics.services import Services
from analytics.wrong import WrongError
from clickstream.errors import ClickstreamError, UnavailableError

logger = logging.getLogger(__name__)

# The largest document of the catalogue is far smaller.
LARGEST_BODY = 1024 * 1024


def application(services: Services) -> FastAPI:
    """Build the application. It closes the services when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with configured.running(services) as app.state.grpc_port:
            yield
        await services.close()

    app = FastAPI(
        title="clickstream analytics",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST_BODY,
    )
    app.state.services = services
    configured.include(app)
    measured(app)
    for routes in (health, sign_in, choices, numbers, journeys, live, stream, pipeline, users, pages):
        app.include_router(routes.router)
    app.add_exception_handler(ClickstreamError, _told)
    app.add_middleware(CancelWhenGone)
    return app


async def _told(_: Request, error: Exception) -> JSONResponse:
    """Errors of ours in the form that FastAPI gives to its own."""
    assert isinstance(error, ClickstreamError)  # what it is registered for
    status = (
        422 if isinstance(error, RefusedError | WrongError) else 503 if isinstance(error, UnavailableError) else 500
    )
    headers = {"Retry-After": "2"} if status == 503 else {}
    if status == 500:
        logger.error("a request failed", exc_info=error)
    return JSONResponse(told(error), status, headers)
