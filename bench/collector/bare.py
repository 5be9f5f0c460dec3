"""What one would write first: FastAPI and aiokafka. It checks that a body is a JSON array of objects, and nothing else.

Every event is a record of its own, keyed by its user, as the collector's are; the answer waits until all replicas in
sync have each of them (acks=all, idempotent). Sends of one request, and of all requests, are on their way at once.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped] # it ships no types
from fastapi import FastAPI, Request, Response

BOOTSTRAP, TOPIC = "BENCH_BOOTSTRAP", "BENCH_TOPIC"
LINGER_MS = 3  # as the collector's producer


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    producer = AIOKafkaProducer(
        bootstrap_servers=os.environ[BOOTSTRAP], acks="all", enable_idempotence=True, linger_ms=LINGER_MS
    )
    await producer.start()
    app.state.producer = producer
    try:
        yield
    finally:
        await producer.stop()


def application() -> FastAPI:
    """The application."""
    app = FastAPI(lifespan=_lifespan, openapi_url=None)
    topic = os.environ[TOPIC]

    @app.get("/healthz")
    async def healthz() -> str:
        return "ok"

    @app.post("/api/v1/behaviors")
    async def behaviors(request: Request) -> Response:
        events = orjson.loads(await request.body())
        producer: AIOKafkaProducer = app.state.producer
        sent = [
            await producer.send(topic, orjson.dumps(event), str(event.get("user_id", "")).encode()) for event in events
        ]
        await asyncio.gather(*sent)
        return Response(orjson.dumps({"accepted": len(events)}), 202, media_type="application/json")

    return app
