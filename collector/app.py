"""The application: parts put together, and paths."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clickstream.clock import Clock, SystemClock
from clickstream.config import CollectorSettings, EventSettings, KafkaSettings
from clickstream.events.decode import Limits
from clickstream.events.sent import Intake
from collector.assembly import aliases, delivery_of, rules
from collector.body import Memory
from collector.configuration.model import Collection
from collector.cors import Preflights
from collector.enrichment.enrich import Enrichment
from collector.metrics import Metrics
from collector.openapi import documented
from collector.routes import health
from collector.routes.behaviors import behaviors
from collector.routes.course import course
from collector.routes.exchange import Exchange, Handler
from collector.routes.pixel import pixel
from collector.routes.schemas import avro_schema
from collector.routes.tracker import tracker
from collector.service import Service

VERSION = "1.0"
# A look at all that was imported holds every request up for some 80 ms, and finds nothing. Nor do requests leave cycles
# behind; with Python's own 700 it would look for some every 200 requests.
_COLLECT_AFTER = (10_000, 20, 20)
# Each worker tells its gauges; who asks for them reaches one of several.
_MEASURE_SECONDS = 1.0


def create_app(
    settings: CollectorSettings,
    events: EventSettings,
    kafka: KafkaSettings | None,
    collection: Collection,
    clock: Clock | None = None,
) -> FastAPI:
    """The application.

    Args:
        settings: limits.
        events: how old an event may be.
        kafka: its address and topics; None where no sink is Kafka.
        collection: the YAML file.
        clock: the time of receipt.

    Raises:
        ConfigurationError: parts of the configuration contradict each other, or a file cannot be read.
    """
    clock = clock or SystemClock()
    metrics = Metrics()
    delivery = delivery_of(collection, settings, kafka, metrics, clock)
    enrichment = Enrichment(settings, metrics, clock)
    service = Service(settings, collection, delivery, enrichment, metrics, clock)
    exchange = Exchange(service, metrics)
    memory = Memory(settings.memory_bytes)
    limits = Limits(events.oldest_seconds * 1000, events.newest_seconds * 1000)
    checks = rules(collection)
    sources = collection.sources

    def intake(name: str) -> Intake:
        return Intake(limits, aliases(collection, name), checks, settings.batch_events)

    async def measuring() -> None:
        while True:
            health.measure(metrics, memory, delivery)
            await asyncio.sleep(_MEASURE_SECONDS)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await delivery.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        gauges = asyncio.create_task(measuring())
        try:
            yield
        finally:
            gauges.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gauges
            await delivery.close()

    app = FastAPI(title="clickstream collector", version=VERSION, lifespan=lifespan)
    preflights = Preflights(collection)

    async def preflight(request: Request) -> Response:
        return Response(status_code=204, headers=preflights.answer(request.headers.get("origin", "")))

    def add(path: str, name: str, handler: Handler, method: str = "POST", *, open_to_pages: bool = False) -> None:
        # Plain routes: FastAPI's own would look for parameters in every request, and these read them themselves.
        app.router.routes.append(Route(path, exchange.handler(name, handler), methods=[method]))
        if open_to_pages:
            app.router.routes.append(Route(path, preflight, methods=["OPTIONS"]))

    if sources.behaviors.enabled:
        handler = behaviors(exchange, intake("behaviors"), memory, sources.behaviors)
        add("/api/v1/behaviors", "behaviors", handler, open_to_pages=True)
    if sources.events.enabled:
        add("/events", "events", course(exchange, intake("events"), memory, sources.events), open_to_pages=True)
    if sources.pixel.enabled:
        add("/t.gif", "pixel", pixel(exchange, intake("pixel"), sources.pixel), "GET")
    add("/tracker.js", "tracker", tracker(settings.tracker, settings.tracker_seconds), "GET")
    add("/schemas/{id}", "schemas", avro_schema(), "GET")
    add("/healthz", "healthz", health.healthz(), "GET")
    add("/readyz", "readyz", health.readyz(delivery), "GET")
    add("/metrics", "metrics", health.metrics_page(metrics, memory, delivery), "GET")
    documented(app, collection)
    return app
