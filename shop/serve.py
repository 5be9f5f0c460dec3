"""Runs the shop."""

import uvicorn

from clickstream.lookup import AsyncLookup
from shop.app import create_app
from shop.pages import Site

GRACE_SECONDS = 5


def serve(collector: str, key: str, tenant: str, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: CLICKSTREAM_REDIS_URL is missing or malformed.
    """
    uvicorn.run(
        create_app(Site(collector, key, tenant), AsyncLookup.connect()),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
