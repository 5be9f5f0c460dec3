"""A migrated database on one engine, and traffic in it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from clickstream.config import ClickHouseSettings
from clickstream.config.clickhouse import parse_cluster
from clickstream.config.kafka import Source
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.traffic import generate
from clickstream.migrate import ddl_directory, migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL, TABLE_REPAIRS
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.rows import BehaviorRows, Records
from sinks.clickhouse.writer import Writer
from tests.contract.clickhouse_sink.engine import Database, Engine

BATCH = 3_000
DAYS = 4


def month_end() -> date:
    """The last day of the month before this one: rows of it are not yet too old to stay."""
    return datetime.now(UTC).date().replace(day=1) - timedelta(days=1)


def traffic(events: int = 30_000, first: date | None = None, days: int = DAYS, seed: int = 7) -> Iterator[Records]:
    """Batches of records in the order of a topic with one partition: duplicates, late and malformed ones among them.

    Args:
        events: records in all.
        first: the day on which they begin, at 18:00 UTC; None: two days before the end of the last month.
        days: how many days they are spread over.
        seed: of the traffic.
    """
    begin = datetime.combine(first or month_end() - timedelta(days=2), time(18), UTC)
    model = TrafficModel(
        events=events,
        seed=seed,
        start_ms=int(begin.timestamp() * 1000),
        span_ms=days * 24 * HOUR_MS,
        users=300,
        items=200,
        duplicates=0.05,
        late=0.05,
    )
    values: list[bytes] = []
    timestamps: list[int] = []
    for chunk in generate(model):
        values += chunk.values
        timestamps += chunk.timestamps
    for at in range(0, len(values), BATCH):
        part = slice(at, at + BATCH)
        size = len(values[part])
        offsets = np.arange(at, at + size) + seed * 10**9
        yield Records(values[part], np.zeros(size, dtype=np.int64), offsets, np.array(timestamps[part]))


class Warehouse(Database):
    """A database with all tables and views; `settings` name it as a shard of its own."""

    def __init__(self, engine: Engine, name: str, ddl: Path | None = None) -> None:
        super().__init__(engine, name)
        self.settings = ClickHouseSettings(urls=self.url())
        self.migrate(ddl or ddl_directory(None))

    def migrate(self, ddl: Path) -> None:
        """Bring the tables and views to what a folder describes."""
        migrate_clickhouse(self.settings, ddl)

    def fill(self, records: Iterator[Records] | None = None) -> int:
        """Write traffic as the sink does, but with its duplicates; how many rows."""
        rows = BehaviorRows(Source.ODS, 1)
        with self.writer() as writer:
            return sum(writer.write(rows.rows(batch).batch).written for batch in records or traffic())

    def writer(self) -> Writer:
        """The sink's own."""
        return Writer(
            ClickHouseSinkConfig(parse_cluster(self.url()), table=TABLE_BEHAVIORS_LOCAL, repairs=TABLE_REPAIRS)
        )

    def lists(self, sql: str) -> list[list[Any]]:
        """A query's rows as lists, in the order of all their columns."""
        found = self.rows(f"SELECT * FROM ({sql}) ORDER BY ALL")
        return [list(row.values()) for row in found]

    def drop(self) -> None:
        """Drop the database."""
        self.query(f"DROP DATABASE {self.name} SYNC", database="default")
