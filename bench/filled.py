"""A ClickHouse server of a benchmark's own, with generated events in it."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import numpy as np
from clickhouse_connect.driver.client import Client

from bench.progress import Progress
from clickstream.clickhouse_client import connected, number
from clickstream.config import ClickHouseSettings
from clickstream.config.clickhouse import Node
from clickstream.config.kafka import Source
from clickstream.errors import ContractError
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.traffic import generate
from clickstream.migrate import ddl_directory, migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL
from devstack.stack import Stack
from sinks.clickhouse.batch import Batch, Report
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.rows import BehaviorRows, Records
from sinks.clickhouse.writer import Writer

DAYS = 30
TENANT = "aurora"
EPOCH = 1
_LOADED_AT_ONCE = 100_000
_DATABASE = "bench"
_ANSWER_SECONDS = 3600.0
_SETTLED_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Filled:
    """What was inserted.

    Attributes:
        rows: in the table.
        json_bytes: of their events as JSON, as they stand in Kafka.
        first: the first full day of the events (UTC).
        last: the day behind the last one.
    """

    rows: int
    json_bytes: int
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


def writer(settings: ClickHouseSettings, table: str = TABLE_BEHAVIORS_LOCAL) -> Writer:
    """The sink's own."""
    return Writer(ClickHouseSinkConfig(settings.cluster, table, batch_bytes=2**30, insert_timeout=300))


def batches(traffic: TrafficModel, size: int, epoch: int = EPOCH) -> Iterator[tuple[Batch, int]]:
    """The traffic as the sink sends it: decoded and checked, `size` records in each batch but the last.

    Yields:
        A batch, and the bytes of its events as JSON, as they stand in Kafka.
    """
    rows, offset = BehaviorRows(Source.ODS, epoch), 0
    for values, timestamps in _records(traffic, size):
        offsets = np.arange(offset, offset + len(values))
        offset += len(values)
        batch = rows.rows(Records(values, np.zeros(len(values), np.int64), offsets, np.array(timestamps))).batch
        yield batch, sum(len(values[index]) for index in batch.index)


def fill(settings: ClickHouseSettings, events: int) -> Filled:
    """Write traffic to the table and to the marts that it has, in large batches: one is made while one is inserted.

    It prints how far it is, and returns when the server has nothing left to merge.
    """
    traffic = model(events)
    written, size, made = 0, 0, 0
    progress = Progress("inserted", events)
    with writer(settings) as to, ThreadPoolExecutor(1) as one:
        waiting: Future[Report] | None = None
        for batch, json_bytes in batches(traffic, _LOADED_AT_ONCE):
            if waiting is not None:
                written += waiting.result().written
            progress.at(made)
            waiting = one.submit(to.write, batch)
            size += json_bytes
            made += _LOADED_AT_ONCE
        if waiting is not None:
            written += waiting.result().written
    progress.at(events)
    settled(settings)
    with client(settings) as asked:
        stored = number(asked, f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL}")
    assert stored == written, f"{written:,} rows were written, the table has {stored:,}"
    end = datetime.fromtimestamp((traffic.start_ms + traffic.span_ms) / 1000, UTC)
    return Filled(written, size, end - timedelta(days=DAYS), end)


def settled(settings: ClickHouseSettings) -> None:
    """Wait until the server merges nothing any more, 15 minutes at most."""
    deadline, quiet = time.monotonic() + _SETTLED_SECONDS, 0
    with client(settings) as asked:
        while quiet < 3 and time.monotonic() < deadline:
            quiet = 0 if number(asked, "SELECT count() FROM system.merges") else quiet + 1
            time.sleep(0.5)


def _records(traffic: TrafficModel, size: int) -> Iterator[tuple[list[bytes], list[int]]]:
    values: list[bytes] = []
    timestamps: list[int] = []
    for chunk in generate(traffic):
        values += chunk.values
        timestamps += chunk.timestamps
        while len(values) >= size:
            yield values[:size], timestamps[:size]
            del values[:size], timestamps[:size]
    if values:
        yield values, timestamps
