"""POST /api/v1/behaviors: one event, or an array of them, in the platform's own contract."""

from starlette.requests import Request
from starlette.responses import Response

from clickstream.events.sent import Intake
from collector.body import Body, Memory
from collector.configuration.model import Source
from collector.routes.exchange import Exchange, Handler, accepted, visit_of


def behaviors(exchange: Exchange, intake: Intake, memory: Memory, source: Source) -> Handler:
    """The handler."""
    settings = exchange.service.settings

    async def handle(request: Request) -> Response:
        caller, headers = exchange.caller(request)
        with Body(memory, settings.body_bytes, settings.body_seconds) as body:
            read = await body.read(request)
            answer = await exchange.service.collect(
                caller, visit_of(request), source.sinks, lambda sender, at: intake.take(read, sender, at)
            )
        return accepted(answer, headers)

    return handle
