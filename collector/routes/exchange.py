"""What all ways in have in common: the key, the visitor, the origin, and an answer for everything that can go wrong."""

import logging
import time
from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from collector import cors
from collector.enrichment.enrich import Visit
from collector.keys import Caller
from collector.metrics import Metrics
from collector.problem import ProblemError, busy
from collector.protocol import CROWDED
from collector.service import Answer, Service

logger = logging.getLogger(__name__)

# Answered however many connections are open: who asks these decides whether the process lives on.
_ALWAYS = frozenset({"healthz", "readyz", "metrics"})

Handler = Callable[[Request], Awaitable[Response]]


def json_response(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer that nobody keeps."""
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def accepted(answer: Answer, headers: dict[str, str]) -> Response:
    """202: what was stored, and what was refused."""
    rejected = [
        {"index": each.index, "field": each.rejection.field, "reason": each.rejection.reason.value}
        for each in answer.rejected
    ]
    return json_response(202, {"accepted": answer.accepted, "rejected": rejected}, headers)


class Exchange:
    """Runs handlers, and turns what they raise into answers.

    Args:
        service: that takes the events.
        metrics: requests are counted in.
    """

    def __init__(self, service: Service, metrics: Metrics) -> None:
        self.service, self._metrics = service, metrics

    def handler(self, route: str, inner: Handler) -> Handler:
        """The handler with its errors answered and its requests counted.

        Args:
            route: its name in metrics.
            inner: does the work; may raise ProblemError.
        """
        seconds = self._metrics.seconds.labels(route)
        always = route in _ALWAYS

        async def handle(request: Request) -> Response:
            begun = time.perf_counter()
            try:
                if not always and CROWDED in request.scope.get("extensions", ()):
                    raise _crowded()
                response = await inner(request)
            except ProblemError as problem:
                response = self.refused(route, request, problem)
            except ClientDisconnect:
                response = Response(status_code=400)  # nobody reads it
            except Exception:
                # The request's data stay out of the log: they are personal.
                logger.exception("a request of %s failed", route)
                response = self.refused(route, request, ProblemError(500, "error", "the collector failed: see its log"))
            seconds.observe(time.perf_counter() - begun)
            self._metrics.requests.labels(route, str(response.status_code)).inc()
            return response

        return handle

    def refused(self, route: str, request: Request, problem: ProblemError) -> Response:
        """The answer to a request that is not taken. Pages may read it, whoever they are: it says nothing secret."""
        self.count(route, problem)
        origin = request.headers.get("origin", "")
        headers = {**problem.headers, **(cors.headers(origin) if origin else {})}
        return json_response(problem.status, {"error": problem.reason, "message": problem.message}, headers)

    def count(self, route: str, problem: ProblemError) -> None:
        """Count a request that is not taken."""
        self._metrics.problems.labels(route, problem.reason).inc()

    def caller(self, request: Request) -> tuple[Caller, dict[str, str]]:
        """Whose key the request shows, and the headers that its answer needs.

        Raises:
            ProblemError: 401 or 403.
        """
        caller = self.service.caller(request.headers.get("x-write-key") or request.query_params.get("key") or "")
        return caller, cors.allowed(caller.tenant, request.headers.get("origin", ""))


def visit_of(request: Request) -> Visit:
    """What the request says of its visitor."""
    headers = request.headers
    return Visit(
        peer=request.client.host if request.client else "",
        forwarded=",".join(headers.getlist("x-forwarded-for")),
        user_agent=headers.get("user-agent", ""),
        language=headers.get("accept-language", ""),
        dnt=headers.get("dnt", ""),
        gpc=headers.get("sec-gpc", ""),
        consent=headers.get("x-consent") or request.query_params.get("consent") or "",
    )


def _crowded() -> ProblemError:
    problem = busy("connections", "too many connections are open: send it again in a moment")
    problem.headers["Connection"] = "close"
    return problem
