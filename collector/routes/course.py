"""POST /events: arrays of {type, session_id, user_id, url, created_at, user_agent, payload}."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from clickstream.events.course import mapped
from clickstream.events.sent import Intake
from collector.body import Body, Memory
from collector.configuration.model import Source
from collector.routes.exchange import Exchange, Handler, accepted, visit_of

SCENARIO = "web"


def course(exchange: Exchange, intake: Intake, memory: Memory, source: Source) -> Handler:
    """The handler. Its answer is that of /api/v1/behaviors."""
    settings = exchange.service.settings

    async def handle(request: Request) -> Response:
        caller, headers = exchange.caller(request)
        with Body(memory, settings.body_bytes, settings.body_seconds) as body:
            read = await body.read(request)
            answer = await exchange.service.collect(
                caller,
                visit_of(request),
                source.sinks,
                lambda sender, at: intake.take_mapped(
                    read, mapped, replace(sender, scenario_id=sender.scenario_id or SCENARIO), at
                ),
            )
        return accepted(answer, headers)

    return handle
