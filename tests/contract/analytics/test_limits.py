"""A question costs no more than it may, and nothing once nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import aiohttp
import httpx
import pytest

from analytics.period import period
from analytics.question import Question
from analytics.refusals import RefusedError
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from tests.contract.analytics.stored import Stored
from tests.contract.analytics.test_numbers import BEGIN, END
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.net

SCOPE = Scope("aurora", None, period(BEGIN.isoformat(), END.isoformat(), ZoneInfo("UTC"), END))
# A row takes a thousandth of a second: many seconds for all of them.
SLOW = Question("slow", "SELECT count() AS rows FROM ${events} WHERE sleepEachRow(0.001) = 0")


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
        ({"query_seconds": 0.5}, SLOW, "QUERY_SECONDS"),
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


async def test_a_question_cannot_write(clickhouse: ServerProcess, warehouse: Warehouse) -> None:
    node = ClickHouseSettings(urls=f"{clickhouse.url}/shop").cluster.nodes[0]
    async with aiohttp.ClientSession() as session:
        parameters = {"readonly": "2", "database": "shop"}
        async with session.post(node.address, params=parameters, data=b"TRUNCATE TABLE user_behaviors_local") as answer:
            assert answer.status != 200
