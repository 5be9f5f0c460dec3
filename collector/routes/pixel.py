"""GET /t.gif: one event in the query, for pages without scripts and for mails. The answer is always a picture."""

import base64
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from clickstream.events.query import event_of
from clickstream.events.sent import Intake, Sender, Taken
from collector.configuration.model import Source
from collector.problem import ProblemError
from collector.records import ANONYMOUS
from collector.routes.exchange import Exchange, Handler, visit_of

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
SCENARIO = "web"
_LONGEST = 8192


def pixel(exchange: Exchange, intake: Intake, source: Source) -> Handler:
    """The handler. What a pixel cannot say is filled in: a page view, of now, of nobody, on the page that shows it."""

    async def handle(request: Request) -> Response:
        if request.method == "HEAD":  # whoever looks whether it is there shows it to nobody
            return Response(GIF, 200, {"Cache-Control": "no-store"}, "image/gif")
        headers: dict[str, str] = {}
        status = 200
        try:
            if len(request.url.query) > _LONGEST:
                raise ProblemError(414, "query_too_long", f"the query is longer than {_LONGEST} bytes")
            caller, headers = exchange.caller(request)

            def read(sender: Sender, received_at: int) -> Taken:
                event = {
                    "action_type": "pageview",
                    "user_id": ANONYMOUS,
                    "timestamp": received_at,
                    **event_of(request.query_params.multi_items()),
                }
                if (page := request.headers.get("referer")) and "url" not in event:
                    event["url"] = page[:2048]
                if {"action", "actionType"} & event.keys():
                    del event["action_type"]
                if "userId" in event:
                    del event["user_id"]
                return intake.take_values(
                    [event], replace(sender, scenario_id=sender.scenario_id or SCENARIO), received_at
                )

            answer = await exchange.service.collect(caller, visit_of(request), source.sinks, read)
            if answer.rejected:
                refusal = answer.rejected[0].rejection
                headers["X-Rejected"] = f"{refusal.reason.value} {refusal.field}".strip()
                status = 400
        except ProblemError as problem:
            exchange.count("pixel", problem)
            status, headers = problem.status, {**problem.headers, "X-Rejected": problem.reason}
        return Response(GIF, status, {"Cache-Control": "no-store", **headers}, "image/gif")

    return handle
