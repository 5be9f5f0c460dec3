"""Requests are told by bounded values: never by path, query or sender."""

import logging
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clickstream.logs import Watch, access_log

SECRET = "user-4711"


@pytest.fixture
def told() -> list[tuple[str, str, int]]:
    return []


@pytest.fixture
def client(told: list[tuple[str, str, int]]) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def user(user_id: str) -> str:
        if user_id == "broken":
            raise ValueError(SECRET)
        return user_id

    @app.get("/late")
    async def late() -> StreamingResponse:
        def parts() -> Any:
            yield b"x"
            raise ValueError

        return StreamingResponse(parts())

    async def plain(_: Request) -> Response:
        return Response()

    # As the collector's: routes of the library below, some of which share a function.
    app.router.routes += [Route("/plain/{user_id}", plain), Route("/other", plain), Route("/static", plain)]
    app.add_middleware(Watch, told=lambda method, route, status, _: told.append((method, route, status)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://x")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"/users/{SECRET}?key={SECRET}", ("GET", "/users/{user_id}", 200)),
        ("GET", "/users/broken", ("GET", "/users/{user_id}", 500)),
        ("DELETE", f"/users/{SECRET}", ("DELETE", "/users/{user_id}", 405)),
        (SECRET, f"/users/{SECRET}", ("other", "/users/{user_id}", 405)),
        ("GET", f"/{SECRET}", ("GET", "none", 404)),
        ("GET", "/late", ("GET", "/late", 200)),
        ("GET", f"/plain/{SECRET}", ("GET", "/plain/{user_id}", 200)),
        ("PUT", f"/plain/{SECRET}", ("PUT", "/plain/{user_id}", 405)),
        ("GET", f"/static?key={SECRET}", ("GET", "/static", 200)),
    ],
)
async def test_an_answer_is_told_once(
    client: httpx.AsyncClient, told: list[tuple[str, str, int]], method: str, path: str, expected: tuple[str, str, int]
) -> None:
    async with client:
        await client.request(method, path)
    assert told == [expected]


def test_the_log_has_the_same(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        access_log("GET", "/users/{user_id}", 200, 0.01234)
    (said,) = caplog.records
    assert said.getMessage() == "GET /users/{user_id} 200 in 12.3 ms"
    assert vars(said)["request"] == {"method": "GET", "route": "/users/{user_id}", "status": 200, "milliseconds": 12.3}
