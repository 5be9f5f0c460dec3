"""Requests that were answered: for metrics, and for the log where somebody wants that.

Stands in for the web server's own access log, which names the client's address and the path with its query.
"""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
# Called with method, route, status, and the seconds until the answer began.
Told = Callable[[str, str, int, float], None]

UNKNOWN = "none"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

logger = logging.getLogger(__name__)


class Watch:
    """An ASGI middleware that tells of each answer when it begins. Values come from bounded sets.

    Args:
        app: what answers.
        told: called with the method (`other`: none of the usual), the route's template (`none`: no route, and then the
            path may be anything), the status, and the seconds since the request came.
    """

    def __init__(self, app: Application, told: Told) -> None:
        self._app, self._told = app, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. One that ends in an error without an answer counts as a 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        answered = False

        def tell(status: int) -> None:
            nonlocal answered
            answered = True
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._told(method, route_of(scope), status, time.perf_counter() - begun)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                tell(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if not answered:
                tell(500)
            raise


def route_of(scope: Scope) -> str:
    """The template of the route that took a request, such as `/users/{user_id}`: never the path itself."""
    if path := getattr(scope.get("route"), "path", None):
        return str(path)
    # FastAPI names its own kind of route; of others the scope has what they call.
    endpoint = scope.get("endpoint")
    routes = getattr(scope.get("router"), "routes", ())
    paths = [str(each.path) for each in routes if endpoint is not None and getattr(each, "endpoint", None) is endpoint]
    return scope["path"] if scope["path"] in paths else next(iter(paths), UNKNOWN)


def access_log(method: str, route: str, status: int, seconds: float) -> None:
    """Log a request. See Watch for the arguments."""
    milliseconds = round(seconds * 1000, 1)
    request = {"method": method, "route": route, "status": status, "milliseconds": milliseconds}
    logger.info("%s %s %d in %s ms", method, route, status, milliseconds, extra={"request": request})
