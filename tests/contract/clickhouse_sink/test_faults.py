"""Answers that never come, break off or lie: each row is once in the table, and once in a view that counts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from clickstream.config.sink import OnExhausted
from clickstream.names import DeadLetterReason
from clickstream.retry import RetryPolicy
from devstack.clickhouse.faults import FaultProxy, Mode
from sinks.clickhouse.writer import Writer
from tests.contract.clickhouse_sink.batches import batch_of, config, row, sort
from tests.contract.clickhouse_sink.engine import Database
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.net

MakeProxy = Callable[[Database], FaultProxy]


@pytest.fixture
def counted(database: Database) -> Database:
    """A view that counts what was inserted behind the table."""
    database.query(
        "CREATE TABLE counts (n Int64, c UInt64) ENGINE = SummingMergeTree ORDER BY n "
        "SETTINGS non_replicated_deduplication_window = 1000"
    )
    database.query("CREATE MATERIALIZED VIEW counting TO counts AS SELECT n, count() AS c FROM t GROUP BY n")
    return database


def each_once(database: Database) -> list[int]:
    """The rows, when each is once in the table and once in the view."""
    rows = database.numbers("SELECT n FROM t ORDER BY n")
    assert database.rows("SELECT n, sum(c) AS c FROM counts GROUP BY n HAVING c != 1") == []
    assert database.numbers("SELECT DISTINCT n FROM counts ORDER BY n") == rows
    assert len(rows) == len(set(rows))
    return rows


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.HANG_AFTER, Mode.CUT])
@pytest.mark.parametrize("months", [1, 4])
def test_answers_that_are_lost(counted: Database, make_proxy: MakeProxy, mode: Mode, months: int) -> None:
    proxy = make_proxy(counted)
    batch = batch_of([row(n, day=f"2026-{n % months + 1:02}-10") for n in range(100)])
    with Writer(config(counted.url(proxy.url), insert_timeout=0.5)) as writer:
        proxy.set(mode, inserts_only=True, requests=2)
        report = writer.write(batch)
    assert report.written + report.found == 100
    assert report.dead == []
    assert report.retries >= 1
    assert proxy.seen[mode] >= 1
    assert each_once(counted) == list(range(100))


def test_an_insert_that_the_server_begins_late(counted: Database, make_proxy: MakeProxy) -> None:
    # The client has given up when the request reaches the server: the retry carries the same token.
    proxy = make_proxy(counted)
    with Writer(config(counted.url(proxy.url), insert_timeout=0.3)) as writer:
        proxy.set(Mode.DELAY, delay=1.5, inserts_only=True, requests=1)
        report = writer.write(batch_of([row(n) for n in range(50)]))
    assert report.written + report.found == 50
    assert not proxy.answered[Mode.DELAY], "the rows are stored before the server begins the first insert"
    wait_for(lambda: proxy.answered[Mode.DELAY], 20, "the server has carried out the first insert as well")
    assert each_once(counted) == list(range(50))


def test_an_insert_that_is_still_running_is_waited_for(database: Database) -> None:
    # The view takes longer than the client waits. A look-up meanwhile would be out of date at once.
    database.query("CREATE TABLE slept (n Int64) ENGINE = MergeTree ORDER BY n")
    database.query("CREATE MATERIALIZED VIEW sleepy TO slept AS SELECT n + sleepEachRow(0.1) AS n FROM t")
    with Writer(config(database.url(), insert_timeout=0.3, policy=RetryPolicy(50, 0.1, 0.1, 0))) as writer:
        report = writer.write(batch_of([row(n) for n in range(8)]))
    assert report.dead == []
    assert report.written + report.found == 8
    assert report.retries >= 2  # the answer that never came, and at least one look-up that had to wait
    assert database.numbers("SELECT n FROM t ORDER BY n") == list(range(8))


def test_errors_of_the_server_are_tried_again(counted: Database, make_proxy: MakeProxy) -> None:
    proxy = make_proxy(counted)
    with Writer(config(counted.url(proxy.url))) as writer:
        for code in (241, 252, 242, 999, 202):
            proxy.set(Mode.ERROR, code=code, inserts_only=True, requests=2)
            report = writer.write(batch_of([row(code * 10 + n) for n in range(5)]))
            assert (report.written, report.retries, report.dead) == (5, 2, [])
    assert len(each_once(counted)) == 25


def test_a_shard_that_refuses_connections_is_passed_over_and_taken_back(
    databases: list[Database], make_proxy: MakeProxy
) -> None:
    proxy = make_proxy(databases[0])
    with Writer(config(databases[0].url(proxy.url), databases[1].url())) as writer:
        proxy.set(Mode.REFUSE)
        for n in range(20):
            assert writer.write(batch_of([row(n)])).written == 1
        assert databases[1].numbers("SELECT count() FROM t") == [20]
        proxy.set(Mode.PASS)
        wait_for(lambda: not writer.unhealthy, 20, "the node to be healthy again")
        for n in range(20, 60):
            writer.write(batch_of([row(n)]))
    stored = [each.numbers("SELECT n FROM t") for each in databases[:2]]
    assert sorted(stored[0] + stored[1]) == list(range(60))
    assert stored[0]


def test_an_outage_longer_than_the_budget_ends_in_dead_letters_and_a_restart_repairs_nothing_twice(
    counted: Database, make_proxy: MakeProxy
) -> None:
    proxy = make_proxy(counted)
    brief = RetryPolicy(attempts=3, initial=0.01, maximum=0.02, at_least=0)
    batch = batch_of([row(n) for n in range(10)])
    with Writer(config(counted.url(proxy.url), insert_timeout=0.5, query_timeout=0.5, policy=brief)) as writer:
        assert sort(writer, batch) == ([False] * 10, [False] * 10)
        proxy.set(Mode.HANG_AFTER)
        report = writer.write(batch)
        assert {dead.reason for dead in report.dead} == {DeadLetterReason.UNAVAILABLE}
        assert len(report.dead) == 10
    with Writer(config(counted.url())) as writer:  # what puts dead letters back asks for their positions first
        assert sort(writer, batch)[1] == [True] * 10
    assert each_once(counted) == list(range(10))


def test_block_holds_until_the_server_is_back(counted: Database, make_proxy: MakeProxy) -> None:
    proxy = make_proxy(counted)
    told: list[str] = []

    def blocked(text: str) -> None:
        told.append(text)
        proxy.set(Mode.PASS)

    settings = replace(
        config(counted.url(proxy.url)), on_exhausted=OnExhausted.BLOCK, policy=RetryPolicy(2, 0.01, 0.02, 0)
    )
    with Writer(settings, blocked) as writer:
        proxy.set(Mode.REFUSE)
        assert writer.write(batch_of([row(n) for n in range(10)])).written == 10
    assert len(told) == 1
    assert each_once(counted) == list(range(10))


def test_look_ups_wait_for_a_server_that_is_back_later(counted: Database, make_proxy: MakeProxy) -> None:
    proxy = make_proxy(counted)
    with Writer(config(counted.url())) as writer:
        writer.write(batch_of([row(n) for n in range(5)]))
    with Writer(config(counted.url(proxy.url), query_timeout=0.3)) as writer:
        proxy.set(Mode.HANG, requests=3)
        assert sort(writer, batch_of([row(n) for n in range(8)]))[1] == [n < 5 for n in range(8)]
