"""Runs the shop."""

import uvicorn

from clickstream import logs
from clickstream.config import LogSettings, resolve
from clickstream.lookup import AsyncLookup
from shop.app import create_app
from shop.pages import Site

GRACE_SECONDS = 5


def serve(collector: str, key: str, tenant: str, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: CLICKSTREAM_REDIS_URL is missing or malformed.
    """
    logged = resolve(LogSettings)
    logs.service("shop", logged)
    app = create_app(Site(collector, key, tenant), AsyncLookup.connect())
    if logged.access:
        app.add_middleware(logs.Watch, told=logs.access_log)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
