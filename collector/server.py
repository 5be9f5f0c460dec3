"""The process: uvicorn around the application."""

import multiprocessing
import os
import shutil
import sys
import tempfile
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.config import STARTUP_FAILURE

from clickstream import logs
from clickstream.config import CollectorSettings, EventSettings, KafkaSettings, LogSettings, resolve
from clickstream.errors import ClickstreamError, ConfigurationError
from collector.app import create_app
from collector.configuration import Collection, load
from collector.configuration.sinks import KafkaSinkModel
from collector.configuration.tenants import Address
from collector.protocol import BoundedProtocol
from collector.routes.health import MULTIPROCESS

SERVICE = "collector"

_FAILURE = "failure"  # file in which a worker leaves why it cannot start
_GRACE_SECONDS = 20
_KEEP_ALIVE_SECONDS = 65  # longer than the usual load balancer's, so that it is the one who closes


def application() -> FastAPI:
    """The application as the environment describes it: what each worker runs.

    A worker that cannot make it ends as uvicorn's own do that fail at their start: no other one takes its place.

    Raises:
        ClickstreamError: a setting or the YAML file is wrong, or a folder cannot be used.
    """
    try:
        return _made()
    except ClickstreamError as error:
        folder = os.environ.get(MULTIPROCESS)
        if multiprocessing.parent_process() is None or folder is None:
            raise
        (Path(folder) / _FAILURE).write_text(str(error), encoding="utf-8")
        sys.exit(STARTUP_FAILURE)


def _made() -> FastAPI:
    logged = resolve(LogSettings)
    logs.service(SERVICE, logged)
    settings = resolve(CollectorSettings)
    collection = load(settings.config)
    check(settings, collection)
    if folder := os.environ.get(MULTIPROCESS):
        _forget_the_dead(Path(folder))
    app = create_app(settings, resolve(EventSettings), _kafka(collection), collection)
    if logged.access:
        app.add_middleware(logs.Watch, told=logs.access_log)
    return app


def check(settings: CollectorSettings, collection: Collection) -> None:
    """Hold settings and file against each other.

    Raises:
        ConfigurationError: they do not fit together.
    """
    hashed = [name for name, tenant in collection.tenants.items() if tenant.privacy.ip is Address.HASHED]
    if hashed and settings.workers > 1 and not settings.ip_secret:
        raise ConfigurationError(
            f"tenant {hashed[0]} wants hashed addresses, and there are {settings.workers} workers: without "
            "CLICKSTREAM_COLLECTOR_IP_SECRET each would hash with a salt of its own"
        )


def serve() -> None:
    """Serve until SIGTERM or SIGINT. Requests under way are answered first.

    Raises:
        ConfigurationError: a setting or the YAML file is wrong.
    """
    logs.service(SERVICE, resolve(LogSettings))  # of the process that looks after several workers
    settings = resolve(CollectorSettings)
    collection = load(settings.config)
    check(settings, collection)
    _kafka(collection)
    shared = _metrics_folder(settings.workers)
    try:
        uvicorn.run(
            "collector.server:application",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            http=BoundedProtocol,
            loop="uvloop",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            limit_concurrency=settings.connections + 1,  # it counts the one that asks
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        if shared and (failure := Path(shared) / _FAILURE).exists():
            raise ConfigurationError(failure.read_text(encoding="utf-8"))
    finally:
        if shared:
            shutil.rmtree(shared, ignore_errors=True)


def _forget_the_dead(folder: Path) -> None:
    """Take the gauges away of workers that were killed: they would stand still, and be added up for ever."""
    for file in folder.glob("gauge_live*_*.db"):
        number = file.stem.rpartition("_")[2]
        if not Path("/proc", number).exists():
            mark_process_dead(int(number), str(folder))  # type: ignore[no-untyped-call] # the library does not say


def _metrics_folder(workers: int) -> str | None:
    """Where workers put their metrics together; the library reads its name when it is imported, in each of them."""
    if workers == 1 or MULTIPROCESS in os.environ:
        return None
    os.environ[MULTIPROCESS] = tempfile.mkdtemp(prefix="collector-metrics-")
    return os.environ[MULTIPROCESS]


def _kafka(collection: Collection) -> KafkaSettings | None:
    kafka_sinks = [model for model in collection.sinks.values() if isinstance(model, KafkaSinkModel)]
    own = all("bootstrap.servers" in model.producer for model in kafka_sinks)
    if (not kafka_sinks or own) and not os.environ.get("CLICKSTREAM_KAFKA_BOOTSTRAP"):
        return None
    return resolve(KafkaSettings)
