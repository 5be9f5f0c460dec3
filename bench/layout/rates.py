"""How many rows a second ClickHouse takes: with the marts behind the table and without, in small and large batches."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from bench.filled import batches, model, settled, writer
from bench.progress import say
from clickstream.clickhouse_client import number
from clickstream.config import ClickHouseSettings
from clickstream.names import TABLE_BEHAVIORS_LOCAL
from clickstream.rebuild.marts import Mart, marts
from sinks.clickhouse.batch import Batch

ROWS = 500_000
_EPOCH = 2
# (rows in a batch, writers at the same time)
_WAYS = ((10_000, 1), (100_000, 1), (100_000, 2))


@dataclass(frozen=True, slots=True)
class Rate:
    """One way to insert.

    Attributes:
        marts: whether the marts' views were there.
        batch: rows in an insert.
        writers: inserts at the same time.
        rows_per_s: between the first insert's begin and the last one's end.
    """

    marts: bool
    batch: int
    writers: int
    rows_per_s: int


def rates(settings: ClickHouseSettings, connection: Client, events: int) -> list[Rate]:
    """Measure each way with the first ROWS of the traffic. The views are gone afterwards, and the table is empty.

    What is inserted was made before the clock starts, as the sink sends it. Merges of what one way wrote are over
    before the next begins.
    """
    made: dict[int, list[Batch]] = {size: [] for size, _ in _WAYS}
    for size, found in made.items():
        for batch, _ in batches(model(events), size, _EPOCH):
            found.append(batch)
            if sum(map(len, found)) >= ROWS:
                break
    present, _ = marts(connection)
    measured = []
    for with_marts in (True, False):
        for size, writers in _WAYS:
            _empty(settings, connection, present)
            rate, written = _timed(settings, made[size], writers)
            stored = number(connection, f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL}")
            assert stored == written, f"{written:,} rows were written, the table has {stored:,}"
            measured.append(Rate(with_marts, size, writers, rate))
            views = "with" if with_marts else "without"
            say(f"{views} marts, {size:,} rows an insert, {writers} at a time: {rate:,} rows a second")
        if with_marts:
            for mart in present:
                connection.command(f"DROP TABLE {mart.view} SYNC")
    _empty(settings, connection, present)
    return measured


def _empty(settings: ClickHouseSettings, connection: Client, present: Sequence[Mart]) -> None:
    for table in (TABLE_BEHAVIORS_LOCAL, *(mart.table for mart in present)):
        connection.command(f"TRUNCATE TABLE {table} SYNC")
    settled(settings)


def _timed(settings: ClickHouseSettings, made: Sequence[Batch], writers: int) -> tuple[int, int]:
    """Rows a second, and how many."""
    with ExitStack() as opened:
        each = [opened.enter_context(writer(settings)) for _ in range(writers)]
        pool = opened.enter_context(ThreadPoolExecutor(writers))

        def write(which: int) -> int:
            return sum(each[which].write(batch).written for batch in made[which::writers])

        began = time.perf_counter()
        written = sum(pool.map(write, range(writers)))
        return round(written / (time.perf_counter() - began)), written
