"""A ClickHouse server of a benchmark's own, with generated events in it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import numpy as np
from clickhouse_connect.driver.client import Client

from clickstream.clickhouse_client import connected
from clickstream.config import ClickHouseSettings
from clickstream.config.clickhouse import Node
from clickstream.config.kafka import Source
from clickstream.errors import ContractError
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.traffic import generate
from clickstream.migrate import ddl_directory, migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL
from devstack.stack import Stack
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.rows import BehaviorRows, Records
from sinks.clickhouse.writer import Writer

BATCH = 10_000
DAYS = 30
TENANT = "aurora"
_DATABASE = "bench"
_ANSWER_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Filled:
    """What was inserted, and how fast.

    Attributes:
        rows: in the table.
        json_bytes: of their events as JSON, as they stand in Kafka.
        insert_seconds: that the inserts took, without making and decoding the events.
        first: the first full day of the events (UTC).
        last: the day behind the last one.
    """

    rows: int
    json_bytes: int
    insert_seconds: float
    first: datetime
    last: datetime


@contextmanager
def server(directory: str) -> Iterator[ClickHouseSettings]:
    """One server with empty tables and marts."""
    stack = Stack(directory)
    stack.up(only=["clickhouse"], clickhouse_nodes=1)
    try:
        urls = urlsplit(stack.environment()["CLICKSTREAM_CLICKHOUSE_URLS"])._replace(path=f"/{_DATABASE}").geturl()
        settings = ClickHouseSettings(urls=urls, insert_timeout=300)
        with client(settings) as asked:
            asked.command(f"DROP DATABASE IF EXISTS {node(settings).database} SYNC")
        migrate_clickhouse(settings, ddl_directory(None))
        yield settings
        with client(settings) as asked:
            asked.command(f"DROP DATABASE {node(settings).database} SYNC")
    finally:
        stack.down()


def node(settings: ClickHouseSettings) -> Node:
    """The server."""
    return settings.cluster.nodes[0]


@contextmanager
def client(settings: ClickHouseSettings) -> Iterator[Client]:
    """A client of its database."""
    with connected(
        node(settings), connect_seconds=10, answer_seconds=_ANSWER_SECONDS, refused=ContractError
    ) as connection:
        exists = connection.command(f"EXISTS DATABASE {node(settings).database}")
        if str(exists) == "1":
            connection.database = node(settings).database
        yield connection


def model(events: int) -> TrafficModel:
    """DAYS days that end with yesterday, of as many users as make about ten sessions each."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return TrafficModel(
        events=events,
        start_ms=int((end - timedelta(days=DAYS)).timestamp() * 1000),
        span_ms=DAYS * 24 * HOUR_MS,
        users=max(300, events // 600),
        items=5_000,
    )


def fill(settings: ClickHouseSettings, events: int, table: str = TABLE_BEHAVIORS_LOCAL) -> Filled:
    """Write traffic as the sink does: decoded and checked, JSON rows in batches of BATCH, one after the other."""
    traffic = model(events)
    rows = BehaviorRows(Source.ODS, 1)
    config = ClickHouseSinkConfig(settings.cluster, table, insert_timeout=300)
    written, size, seconds, offset = 0, 0, 0.0, 0
    with Writer(config) as writer:
        for values, timestamps in _batches(traffic):
            offsets = np.arange(offset, offset + len(values))
            offset += len(values)
            records = Records(values, np.zeros(len(values), np.int64), offsets, np.array(timestamps))
            batch = rows.rows(records).batch
            began = time.perf_counter()
            report = writer.write(batch)
            seconds += time.perf_counter() - began
            written += report.written
            size += sum(len(values[index]) for index in batch.index)
    end = datetime.fromtimestamp((traffic.start_ms + traffic.span_ms) / 1000, UTC)
    return Filled(written, size, seconds, end - timedelta(days=DAYS), end)


def _batches(traffic: TrafficModel) -> Iterator[tuple[list[bytes], list[int]]]:
    values: list[bytes] = []
    timestamps: list[int] = []
    for chunk in generate(traffic):
        values += chunk.values
        timestamps += chunk.timestamps
        while len(values) >= BATCH:
            yield values[:BATCH], timestamps[:BATCH]
            del values[:BATCH], timestamps[:BATCH]
    if values:
        yield values, timestamps
