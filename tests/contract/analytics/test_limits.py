"""A question costs no more than it may, and nothing once nobody waits for it."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest

from analytics import warehouse as warehouse_module
from analytics.period import period
from analytics.question import Question
from analytics.refusals import RefusedError
from analytics.scope import Scope
from analytics.services import Services
from analytics.tokens import Tokens
from analytics.warehouse import Warehouse
from clickstream.clock import ManualClock, SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.errors import ContractError
from clickstream.events.action import Action
from clickstream.events.model import Event
from tests.contract.analytics.service import running
from tests.contract.analytics.stored import Stored, insert
from tests.contract.analytics.test_numbers import BEGIN, END, EVERYTHING
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.net

SCOPE = Scope("aurora", None, period(BEGIN.isoformat(), END.isoformat(), ZoneInfo("UTC"), END))
# A row takes a hundredth of a second: all of them minutes, longer than any test waits. Left to itself the server would
# refuse to sleep so long for a block, at once.
SLOW = Question(
    "slow",
    "SELECT count() AS rows FROM ${events} WHERE sleepEachRow(0.01) = 0 "
    "SETTINGS max_threads = 1, function_sleep_max_microseconds_per_block = 0",
)


@pytest.fixture
async def warehouse(clickhouse: ServerProcess, stored: Stored, settings: AnalyticsSettings) -> AsyncIterator[Warehouse]:
    patient = settings.model_copy(update={"query_seconds": 120.0})
    made = Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), patient)
    yield made
    await made.close()


def slow_queries(clickhouse: ServerProcess) -> int:
    sql = (
        "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%system.processes%'"
    )
    return int(httpx.post(clickhouse.url, content=sql, timeout=30).text)


async def test_a_query_ends_in_clickhouse_when_the_last_who_waits_has_gone(
    clickhouse: ServerProcess, warehouse: Warehouse
) -> None:
    asking = [asyncio.create_task(warehouse.ask(SCOPE, SLOW)) for _ in range(3)]
    await asyncio.to_thread(wait_for, lambda: slow_queries(clickhouse), 20, "the query runs")
    assert slow_queries(clickhouse) == 1  # three askers, one query
    for task in asking[:2]:
        task.cancel()
    await asyncio.sleep(0)
    assert slow_queries(clickhouse) == 1
    asking[2].cancel()
    await asyncio.to_thread(wait_for, lambda: not slow_queries(clickhouse), 20, "the query has ended")
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*asking, return_exceptions=True)
    )


@pytest.mark.parametrize(
    ("limit", "asked", "said"),
    [
        ({"query_seconds": 0.5}, SLOW, "takes longer than CLICKSTREAM_ANALYTICS_QUERY_SECONDS"),
        ({"query_rows": 10}, Question("many", "SELECT user_id FROM ${events}"), "QUERY_ROWS"),
        ({"query_read_rows": 10}, Question("all", "SELECT sum(x) AS s FROM ${events}"), "QUERY_READ_ROWS"),
        (
            {"query_memory_bytes": 2_000_000},
            Question("large", "SELECT groupArray(repeat(url, 1000)) AS s FROM ${events}"),
            "QUERY_MEMORY_BYTES",
        ),
    ],
)
@pytest.mark.usefixtures("stored")
async def test_what_is_too_large_is_refused_and_says_which_limit(
    clickhouse: ServerProcess,
    settings: AnalyticsSettings,
    limit: dict[str, float],
    asked: Question,
    said: str,
) -> None:
    made = Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), settings.model_copy(update=limit))
    try:
        with pytest.raises(RefusedError, match=said):
            await made.ask(SCOPE, asked)
    finally:
        await made.close()


def test_a_client_that_leaves_ends_its_query(
    clickhouse: ServerProcess,
    stored: Stored,
    settings: AnalyticsSettings,
    tokens: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warehouse_module, "question", lambda _: SLOW)
    patient, clock = settings.model_copy(update={"query_seconds": 120.0}), SystemClock()
    services = Services(
        settings=patient,
        tokens=Tokens(settings.tokens_file),
        warehouse=Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), patient, clock),
        lookup=None,
        clock=clock,
    )
    with running(services) as address:
        place = urlsplit(address)
        asked = f"GET /api/v1/analytics/trend?{urlencode(EVERYTHING)} HTTP/1.1\r\nHost: {place.netloc}\r\n"
        with socket.create_connection((place.hostname or "", place.port or 0)) as client:
            client.sendall(f"{asked}Authorization: Bearer {tokens['aurora']}\r\n\r\n".encode())
            wait_for(lambda: slow_queries(clickhouse), 20, "the query runs")
        wait_for(lambda: not slow_queries(clickhouse), 20, "the query has ended")


async def test_an_answer_is_kept_for_its_seconds(
    clickhouse: ServerProcess, stored: Stored, settings: AnalyticsSettings
) -> None:
    clock, servers = ManualClock(), ClickHouseSettings(urls=f"{clickhouse.url}/shop")
    kept = Warehouse(servers, settings.model_copy(update={"cache_seconds": 5.0}), clock)
    never = Warehouse(servers, settings, clock)
    scope = Scope(f"kept-{uuid.uuid4().hex[:8]}", None, SCOPE.period)
    at = int(BEGIN.timestamp() * 1000) + 1
    event = Event(
        event_id=uuid.uuid4().hex,
        tenant_id=scope.tenant,
        scenario_id="home",
        user_id="u",
        action_type=Action.CLICK,
        timestamp=at,
    )

    async def clicks(of: Warehouse) -> int:
        (row,) = await of.ask(scope, "totals_mart")
        return int(row["clicks"])

    try:
        assert await clicks(kept) == await clicks(never) == 0
        await asyncio.to_thread(insert, servers, [event], 10**9)
        assert (await clicks(kept), await clicks(never)) == (0, 1)
        clock.advance(5.1)
        assert await clicks(kept) == 1
    finally:
        await kept.close()
        await never.close()


async def test_a_question_cannot_write(warehouse: Warehouse) -> None:
    with pytest.raises(ContractError, match=r"\(164\).*readonly"):
        await warehouse.ask(SCOPE, Question("writes", "CREATE TABLE written (n UInt8) ENGINE = Null"))
