"""GET /healthz, /readyz and /metrics."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from collector.body import Memory
from collector.delivery import Delivery
from collector.metrics import Metrics
from collector.routes.exchange import Handler, json_response

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


def healthz() -> Handler:
    """200 while the process serves requests."""

    async def handle(_: Request) -> Response:
        return PlainTextResponse("ok")

    return handle


def readyz(delivery: Delivery) -> Handler:
    """200 while events are taken, else 503 with the sinks that take none, and why."""

    async def handle(_: Request) -> Response:
        problems = delivery.problems()
        return json_response(503 if problems else 200, {"ready": not problems, "problems": problems})

    return handle


def measure(metrics: Metrics, memory: Memory, delivery: Delivery) -> None:
    """Tell this process's gauges how full everything is."""
    metrics.body_bytes.set(memory.used)
    metrics.sinks_away.set(len(delivery.problems()))
    delivery.measure(metrics)


def metrics_page(metrics: Metrics, memory: Memory, delivery: Delivery) -> Handler:
    """Prometheus's text. With several workers it is of all of them, whichever answers."""

    async def handle(_: Request) -> Response:
        measure(metrics, memory, delivery)
        registry = metrics.registry
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library does not say its types
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return handle
