"""From Kafka values to the shipped table, through restarts of the worker."""

import time
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from clickstream.config.clickhouse import ClickHouseSettings
from clickstream.config.kafka import Source
from clickstream.errors import ContractError
from clickstream.migrate import migrate_clickhouse
from devstack.clickhouse.faults import FaultProxy, Mode
from sinks.clickhouse.ingest import Ingest, IngestConfig, Ingested
from sinks.clickhouse.rows import BehaviorRows, JsonRows, Records
from tests.contract.clickhouse_sink.batches import config
from tests.contract.clickhouse_sink.engine import ROOT, Database

pytestmark = pytest.mark.net

NOW = int(time.time()) * 1000  # the shipped table forgets old days
MINUTE = 60_000


def records(numbers: list[int], first: int, at: int = NOW, partition: int = 0) -> Records:
    values = [
        msgspec.json.encode(
            {
                "event_id": f"e-{n}",
                "tenant_id": "t",
                "scenario_id": "s",
                "user_id": f"u-{n % 7}",
                "action_type": "pageview",
                "timestamp": at,
            }
        )
        for n in numbers
    ]
    count = len(values)
    return Records(values, np.full(count, partition), np.arange(first, first + count), np.full(count, at))


@pytest.fixture
def shipped(database: Database) -> Database:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    return database


def ingest(database: Database, *batches: Records, url: str = "") -> list[Ingested]:
    """What a worker does between two restarts."""
    rows = BehaviorRows(Source.ODS, epoch=7)
    settings = config(url or database.url(), table="user_behaviors_local", repairs="clickstream_repairs")
    worker = Ingest(IngestConfig(settings, rows, "behaviors", duplicate_ms=30 * MINUTE), print)
    worker.open()
    try:
        return [worker.ingest(each) for each in batches]
    finally:
        worker.close()


def stored(database: Database) -> list[int]:
    return database.numbers("SELECT toUInt32(substring(event_id, 3)) AS n FROM user_behaviors_local ORDER BY n")


def test_an_id_that_comes_again_after_two_quiet_hours_is_stored_again(shipped: Database) -> None:
    first, soon, late = records([1], 0, NOW - 120 * MINUTE), records([1], 1, NOW - 100 * MINUTE), records([1], 2)
    done = ingest(shipped, first, soon, late)
    assert [each.duplicates for each in done] == [0, 1, 0]
    assert stored(shipped) == [1, 1]


def test_a_restart_in_the_middle_changes_nothing(shipped: Database) -> None:
    first, second = records(list(range(50)), 100), records([*range(40, 60), 55], 150)
    ingest(shipped, first)
    (again, done) = ingest(shipped, first, second)  # the source went back to its checkpoint
    assert (again.replays, again.report.written) == (50, 0)
    assert (done.duplicates, done.report.written) == (11, 10)
    (again, done) = ingest(shipped, second, records([1, 70], 171))
    assert (again.report.written, again.replays, again.duplicates) == (0, 10, 11)
    assert (done.report.written, done.duplicates) == (1, 1)
    assert stored(shipped) == [*range(60), 70]


def test_an_id_is_a_duplicate_for_as_long_as_the_setting_says_also_after_a_restart(shipped: Database) -> None:
    ingest(shipped, records([1], 100))
    (within,) = ingest(shipped, records([1], 101, at=NOW + 30 * MINUTE))
    assert within.duplicates == 1
    (beyond,) = ingest(shipped, records([1], 102, at=NOW + 30 * MINUTE + 1))
    assert beyond.duplicates == 0
    assert stored(shipped) == [1, 1]


def test_the_time_of_a_write_counts_until_the_server_has_answered(
    shipped: Database, make_proxy: Callable[[Database], FaultProxy]
) -> None:
    proxy = make_proxy(shipped)
    proxy.set(Mode.DELAY, delay=0.4, inserts_only=True, requests=1)
    (done,) = ingest(shipped, records([1], 0), url=shipped.url(proxy.url))
    assert done.report.written == 1
    assert done.write_seconds >= 0.4


def test_a_table_of_somebodys_own(database: Database) -> None:
    database.query(
        "CREATE TABLE own (id String, amount Decimal(30, 20), place Tuple(x Int32, y Int32), "
        "_epoch UInt32, _partition UInt16, _offset UInt64) ENGINE = MergeTree ORDER BY id "
        "SETTINGS non_replicated_deduplication_window = 1000"
    )
    values = [
        b'{"id": "a", "amount": 1234567890.12345678901234567890, "place": {"x": 1, "y": 2}}',
        b'{"id": "b", "no_such_column": 1}',
        b'{"id": "c", "place": {"x": 1, "z": 3}}',
        b"not json",
    ]
    count = len(values)
    worker = Ingest(IngestConfig(config(database.url(), table="own"), JsonRows(3, key="id"), "orders"), print)
    worker.open()
    done = worker.ingest(Records(values, np.zeros(count, np.int64), np.arange(count), np.full(count, NOW)))
    worker.close()
    assert (done.report.written, len(done.report.dead), done.rejected) == (1, 2, 1)
    assert database.rows("SELECT id, toString(amount) AS amount, place, _epoch, _offset FROM own") == [
        {"id": "a", "amount": "1234567890.1234567890123456789", "place": {"x": 1, "y": 2}, "_epoch": 3, "_offset": 0}
    ]


def test_a_table_that_lacks_a_column_ends_the_job_before_every_row_was_tried(database: Database) -> None:
    database.query(
        "CREATE TABLE lean (id String, _epoch UInt32, _partition UInt16, _offset UInt64) "
        "ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000"
    )
    count = 10_000
    values = [b'{"id": "%d", "added_later": 1}' % number for number in range(count)]
    worker = Ingest(IngestConfig(config(database.url(), table="lean"), JsonRows(3, key="id"), "orders"), print)
    worker.open()
    try:
        with pytest.raises(ContractError, match=r"64 of 64 rows, drawn from .* code 117.* lean has the columns"):
            worker.ingest(Records(values, np.zeros(count, np.int64), np.arange(count), np.full(count, NOW)))
    finally:
        worker.close()
    assert database.numbers("SELECT count() FROM lean") == [0]
