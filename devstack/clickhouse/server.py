"""The process: uvicorn around the application, and an end that running queries cannot delay."""

import logging
import os
import signal
import sys
import time

import uvicorn

from devstack.clickhouse.app import Application
from devstack.clickhouse.engine import Engine
from devstack.clickhouse.request import Credentials
from devstack.clickhouse.response import KEEP_ALIVE_SECONDS

_GRACE_SECONDS = 2


def serve(path: str, host: str, port: int, credentials: Credentials) -> None:
    """Serve until SIGTERM or SIGINT.

    Requests under way get 2 s to end, then their queries are killed. Returns at most about 4 s after the signal; a
    query that does not react to being killed is left to the end of the process.

    Raises:
        SystemExit: The port is taken.
    """
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # An answer cut off by an error is left without its end on purpose; uvicorn calls that an error of ours.
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: "without completing response" not in record.getMessage()
    )
    _silence_stdout()
    engine = Engine(path)
    application = Application(engine, credentials)
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=2048,
    )
    # uvicorn raises the signal that ended it once more for whoever handled it before: here nobody needs it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run()
    _stop(engine, application)


def _stop(engine: Engine, application: Application) -> None:
    if application.running:
        engine.kill()
        deadline = time.monotonic() + _GRACE_SECONDS
        while application.running and time.monotonic() < deadline:
            time.sleep(0.02)
    if not application.running:
        engine.close()


def _silence_stdout() -> None:
    """The engine prints the rows that it had already made when a query fails; nobody reads them."""
    sys.stdout.flush()
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
