"""What ClickHouse, or whoever stands in front of it, may answer instead of rows: said, and another node is asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from analytics.period import period
from analytics.refusals import RefusedError
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.errors import ClickstreamError, ConfigurationError, ContractError, UnavailableError
from tests.contract.analytics.test_numbers import BEGIN, END

pytestmark = pytest.mark.net

SCOPE = Scope("aurora", None, period(BEGIN.isoformat(), END.isoformat(), ZoneInfo("UTC"), END))
Answers = Callable[[web.Request], Awaitable[web.StreamResponse]]
ROW = {"impressions": 1, "clicks": 2, "conversions": 3, "active_users": 4}


def refuses(code: int, said: str = "", status: int = 500) -> Answers:
    async def answer(_: web.Request) -> web.StreamResponse:
        headers = {"X-ClickHouse-Exception-Code": str(code)} if code else {}
        return web.Response(status=status, text=said or f"Code: {code}. DB::Exception", headers=headers)

    return answer


async def breaks_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"impressions": 1')
    assert request.transport is not None
    request.transport.close()
    return answer


async def says_nothing_of_the_kind(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>It works!</html>")


async def answers(_: web.Request) -> web.StreamResponse:
    return web.json_response(ROW)


@asynccontextmanager
async def asked(settings: AnalyticsSettings, *nodes: Answers) -> AsyncIterator[Warehouse]:
    """A warehouse whose nodes answer so."""
    runners, urls = [], []
    for node in nodes:
        app = web.Application()
        app.router.add_post("/", node)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        urls.append(f"http://{host}:{port}/shop")
        runners.append(runner)
    warehouse = Warehouse(ClickHouseSettings(urls=",".join(urls)), settings)
    try:
        yield warehouse
    finally:
        await warehouse.close()
        for runner in runners:
            await runner.cleanup()


AWAY = {
    "a proxy without a server": refuses(0, "<html>Bad Gateway</html>", 502),
    "a shard of the cluster is away": refuses(279),
    "a shard went away meanwhile": refuses(32),
    "it is going down": refuses(236),
    "the answer breaks off": breaks_off,
}


@pytest.mark.parametrize("node", AWAY.values(), ids=AWAY)
async def test_a_node_that_cannot_answer_now_is_passed_over(settings: AnalyticsSettings, node: Answers) -> None:
    async with asked(settings, node, answers) as warehouse:
        assert await warehouse.ask(SCOPE, "totals_mart") == [ROW]
    async with asked(settings, node) as warehouse:
        with pytest.raises(UnavailableError, match="ClickHouse does not answer .*127.0.0.1"):
            await warehouse.ask(SCOPE, "totals_mart")


@pytest.mark.parametrize(
    ("node", "error", "said"),
    [
        (refuses(202), UnavailableError, "busy"),
        (refuses(159), RefusedError, "QUERY_SECONDS"),
        (refuses(516, status=403), ConfigurationError, "user"),
        (refuses(60, status=404), ContractError, "clickstream migrate"),
        (refuses(81, status=404), ContractError, "clickstream migrate"),
        (refuses(47), ContractError, "refuses the question 'totals_mart'"),
        (says_nothing_of_the_kind, ContractError, "HTTP interface"),
    ],
)
async def test_what_another_node_would_answer_too_is_said_at_once(
    settings: AnalyticsSettings, node: Answers, error: type[ClickstreamError], said: str
) -> None:
    async with asked(settings, node, answers) as warehouse:
        with pytest.raises(error, match=said):
            await warehouse.ask(SCOPE, "totals_mart")
