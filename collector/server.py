"""The process: uvicorn around the application."""

import os
import shutil
import tempfile

import uvicorn
from fastapi import FastAPI

from clickstream import logs
from clickstream.config import CollectorSettings, EventSettings, KafkaSettings, LogSettings, resolve
from clickstream.errors import ConfigurationError
from collector.app import create_app
from collector.configuration import Collection, load
from collector.configuration.sinks import KafkaSinkModel
from collector.configuration.tenants import Address
from collector.routes.health import MULTIPROCESS

SERVICE = "collector"

_GRACE_SECONDS = 20
_KEEP_ALIVE_SECONDS = 65  # longer than the usual load balancer's, so that it is the one who closes


def application() -> FastAPI:
    """The application as the environment describes it: what each worker runs.

    Raises:
        ConfigurationError: a setting or the YAML file is wrong.
    """
    logged = resolve(LogSettings)
    logs.service(SERVICE, logged)
    settings = resolve(CollectorSettings)
    collection = load(settings.config)
    check(settings, collection)
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
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            limit_concurrency=settings.connections,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    finally:
        if shared:
            shutil.rmtree(shared, ignore_errors=True)


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
