"""POST /events: arrays of {type, session_id, user_id, url, created_at, user_agent, payload}."""

from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from clickstream.events.course import mapped
from clickstream.events.decode import PARSE_ERRORS, rejection_of
from clickstream.events.sent import Intake, Sender, Taken, UnreadableError
from clickstream.names import RejectReason
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
                caller, visit_of(request), source.sinks, lambda sender, at: _take(intake, read, sender, at)
            )
        return accepted(answer, headers)

    return handle


def _take(intake: Intake, body: bytes, sender: Sender, received_at: int) -> Taken:
    try:
        found = msgspec.json.decode(body)
    except PARSE_ERRORS as error:
        raise UnreadableError(rejection_of(error, body).reason) from None
    if not isinstance(found, dict | list):
        raise UnreadableError(RejectReason.NOT_AN_OBJECT)
    listed = found if isinstance(found, list) else [found]
    events = [mapped(each) if isinstance(each, dict) else each for each in listed]
    return intake.take_values(events, replace(sender, scenario_id=sender.scenario_id or SCENARIO), received_at)
