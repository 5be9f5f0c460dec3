"""`make bench-queries`: the dashboard's questions as the service asks them, beside the published SQL.

Seven days of one tenant out of DAYS (see bench.filled), one question at a time, no answer kept. The first run of each
is not counted; what it answers must equal plain SQL over the rows (bench.queries.exact), or the command ends there.
Written to bench/out/queries.json: [{"name", "kind", "p95_ms", "published_p95_ms"}]. With 10 million events it takes
about 6 minutes where nothing else runs, most of it to fill the server.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from analytics.period import Period
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from bench.filled import TENANT, Filled, client, fill, server, settled
from bench.progress import say
from bench.queries.asked import Asked, Kind, questions
from bench.queries.exact import EXACT
from bench.queries.published import QUERIES, TABLES
from bench.results import OUT
from clickstream.config.analytics import AnalyticsSettings
from clickstream.config.clickhouse import ClickHouseSettings

RUNS = 20
SCENARIO = "home"
GOALS_MS = {Kind.MART: 100.0, Kind.ADHOC: 2000.0}
_PAGE = (
    "SELECT page_path FROM page_activity_states WHERE tenant_id = {tenant:String} AND action_type = 'click' "
    "AND cell_x >= 0 GROUP BY page_path ORDER BY sum(events) DESC, page_path LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One question; milliseconds that 95 % of the runs did not exceed."""

    name: str
    kind: str
    p95_ms: float
    published_p95_ms: float


def main() -> None:
    """Measure every question."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=10_000_000)
    options.add_argument("--directory", default=".devstack/bench")
    chosen = options.parse_args()
    with server(chosen.directory) as settings, client(settings) as connection:
        filled = fill(settings, chosen.events)
        for statement in TABLES:
            connection.command(statement)
        settled(settings)
        found = asyncio.run(measure(settings, connection, filled))
    OUT.mkdir(exist_ok=True)
    (OUT / "queries.json").write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    show(filled, found)
    if slow := [each.name for each in found if each.p95_ms > GOALS_MS[Kind(each.kind)]]:
        sys.exit(f"slower than the goal: {', '.join(slow)}")


async def measure(settings: ClickHouseSettings, connection: Client, filled: Filled) -> list[Measured]:
    """Every question, both ways."""
    days = Period(filled.last - timedelta(days=7), filled.last, ZoneInfo("UTC"))
    path = connection.query(_PAGE, parameters={"tenant": TENANT}).result_rows[0][0]
    bound = {
        "tenant": TENANT,
        "scenario": SCENARIO,
        "first": days.start.date(),
        "last": days.end.date(),
        "path": path,
    }
    limits = AnalyticsSettings(tokens_file=Path("unused"), cache_seconds=0, query_seconds=600)
    warehouse = Warehouse(settings, limits)
    try:
        return [await _both(asked, warehouse, connection, days, bound) for asked in questions(path)]
    finally:
        await warehouse.close()


async def _both(
    asked: Asked, warehouse: Warehouse, connection: Client, days: Period, bound: dict[str, Any]
) -> Measured:
    scope = Scope(TENANT, SCENARIO if asked.places else None, days)
    published = QUERIES[asked.name]

    async def as_published() -> object:
        return await asyncio.to_thread(connection.raw_query, published, bound, fmt="JSONEachRow")

    exact = EXACT[asked.name]
    expected = exact.rows(connection.query(exact.sql, parameters=bound).result_rows)
    told = exact.told(await asked.ask(warehouse, scope))
    assert told == expected and told, f"{asked.name} answers {told}, the rows say {expected}"
    ours = await _p95(lambda: asked.ask(warehouse, scope))
    measured = Measured(asked.name, asked.kind.value, ours, await _p95(as_published))
    say(f"{asked.name}: as the rows say; {ours:,} ms, the published way {measured.published_p95_ms:,} ms")
    return measured


async def _p95(ask: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - began) * 1000)
    return round(float(np.percentile(times[1:], 95)), 1)


def show(filled: Filled, found: list[Measured]) -> None:
    """Print it."""
    shown = Table("question", "from", "p95, ms", "goal, ms", "the published way, ms")
    for each in found:
        goal = GOALS_MS[Kind(each.kind)]
        met = "" if each.p95_ms <= goal else " (missed)"
        shown.add_row(each.name, each.kind, f"{each.p95_ms:,}{met}", f"{goal:,.0f}", f"{each.published_p95_ms:,}")
    console = Console(width=120)
    console.print(f"{filled.rows:,} events")
    console.print(shown)


main()
