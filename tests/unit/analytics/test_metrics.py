"""The service's metrics page: requests by the template of their route, and no token needed."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from analytics.app import application
from analytics.services import Services
from analytics.tokens import TokenFile, Tokens, write_tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.errors import ContractError

SECRET = "user-4711"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    write_tokens(tmp_path / "tokens.yaml", TokenFile())
    settings, clock = AnalyticsSettings(tokens_file=tmp_path / "tokens.yaml"), SystemClock()
    services = Services(
        settings=settings,
        tokens=Tokens(settings.tokens_file),
        warehouse=Warehouse(ClickHouseSettings(urls="http://127.0.0.1:1/none"), settings, clock),
        lookup=None,
        clock=clock,
    )
    app = application(services)

    async def fail() -> None:
        raise ContractError(f"ClickHouse refuses the question about {SECRET}")

    app.get("/fails")(fail)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as made:
        yield made


async def test_requests_are_counted_by_route_and_status(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await client.get("/healthz")).status_code == 200
    assert (await client.delete(f"/api/v1/analytics/users/{SECRET}")).status_code == 401
    assert (await client.get(f"/{SECRET}")).status_code == 404
    page = await client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=")
    lines = page.text.splitlines()
    assert 'analytics_requests_total{method="GET",route="/healthz",status="200"} 2.0' in lines
    erasing = "/api/v1/analytics/users/{user_id:path}"
    assert f'analytics_requests_total{{method="DELETE",route="{erasing}",status="401"}} 1.0' in lines
    assert 'analytics_requests_total{method="GET",route="none",status="404"} 1.0' in lines
    assert 'analytics_request_seconds_count{route="/healthz"} 2.0' in lines
    assert SECRET not in page.text


async def test_a_fault_of_the_service_is_logged_and_told_to_who_asked(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/fails")
    assert (answer.status_code, SECRET in answer.text) == (500, True)
    (said,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert (said.name, said.getMessage()) == ("analytics.app", "a request failed")
    assert said.exc_info is not None and said.exc_info[0] is ContractError
