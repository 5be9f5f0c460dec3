"""The join's operator as PyFlink drives it: what it does about a server, an event loop or a batch that is not well."""

import asyncio
import json
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pyflink.fn_execution.datastream.process.async_function.operation import AsyncFunctionRunner, ResultHandler

from clickstream import worker
from clickstream.config import DeadLetterSettings, DimensionSettings
from clickstream.config.mysql import parse_mysql_url
from clickstream.dimensions import load_dimensions
from clickstream.dimensions.lookup import Lookup
from clickstream.dimensions.micro_batch import MicroBatch, positioned
from clickstream.dimensions.mysql import MySqlConnections, MySqlPool
from clickstream.events.action import Action
from clickstream.events.model import Event
from udfs.dimension_join import JoinDimensions

SECRET = "user-whom-no-log-may-name"
WAIT = 30.0
Rows = list[list[Any]]


class Database:
    """Stands where connections to MySQL are made; `answer` gives rows or does something worse."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Rows] = lambda _: []
        self.hangs = False

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Database"]:
        yield self

    @asynccontextmanager
    async def cursor(self) -> AsyncIterator["Database"]:
        yield self

    async def execute(self, sql: str, _arguments: Sequence[object]) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        self._rows = self.answer(sql)

    async def fetchall(self) -> Rows:
        return self._rows

    def close(self) -> None:
        """A connection is given up."""


class Metrics:
    """A metric group that remembers gauges by name, whatever group they are in."""

    def __init__(self) -> None:
        self.gauges: dict[str, Callable[[], int]] = {}

    def get_metrics_group(self) -> "Metrics":
        return self

    def add_group(self, *_: str) -> "Metrics":
        return Metrics()

    def gauge(self, name: str, value: Callable[[], int]) -> None:
        self.gauges[name] = value


class Future:
    """What PyFlink hands a result on to."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.done = threading.Event()

    def complete(self, results: list[Any]) -> None:
        self.results = results
        self.done.set()


class Operator:
    """An opened function, and PyFlink's own machinery around it."""

    def __init__(self, function: JoinDimensions, metrics: Metrics) -> None:
        self.function, self.metrics = function, metrics
        self.failures: list[Exception] = []
        self.runner = AsyncFunctionRunner()
        self.runner.daemon = True
        self.runner.start()
        self.runner.wait_ready()

    def send(self, value: bytes, timeout: float = WAIT) -> Future:
        future = Future()
        handler = ResultHandler("JoinDimensions", self.function.timeout, self.failures.append, value, future)
        handler.register_timeout(timeout)
        self.runner.run_async(self.function.async_invoke, value, handler)
        return future

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_the_others(), self.runner._loop).result(WAIT)
        self.runner.stop()

    def join(self, value: bytes, timeout: float = WAIT) -> list[dict[str, Any]]:
        """The events that come out."""
        future = self.send(value, timeout)
        assert future.done.wait(WAIT)
        assert self.failures == [], "PyFlink puts the whole micro-batch into the log"
        (row,) = future.results
        assert all(key == SECRET.encode() for key, _ in row[0])
        return [json.loads(value) for _, value in row[0]]


async def _cancel_the_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    made = Database()
    monkeypatch.setattr(MySqlPool, "_make", lambda _: made)
    return made


@pytest.fixture
def operator(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    monkeypatch.setattr(worker, "begin", lambda: None)
    settings = DimensionSettings(timeout=0.05, query_timeout=60.0, pause=0.0)
    connections = MySqlConnections(parse_mysql_url("mysql://u:p@host/d"))
    alarms = DeadLetterSettings(dir="/nowhere", alarm_interval=3600)
    function = JoinDimensions(load_dimensions(), connections, settings, alarms)
    metrics = Metrics()
    function.open(metrics)
    running = Operator(function, metrics)
    yield running
    running.stop()
    function.close()


def batch(*items: str) -> bytes:
    events = [
        Event(
            event_id=f"e-{number}",
            tenant_id="one",
            scenario_id="home",
            user_id=SECRET,
            item_id=item,
            action_type=Action.CLICK,
            timestamp=1000,
            received_at=1001,
            event_name="click",
        )
        for number, item in enumerate(items)
    ]
    return MicroBatch([positioned(each, 7, 3, offset) for offset, each in enumerate(events)]).pack()


MISSING = ["product", "category", "scenario"]


def test_a_server_that_hangs_holds_a_micro_batch_for_its_timeout_and_no_longer(
    operator: Operator, database: Database
) -> None:
    database.hangs = True
    for items in (("a", "b"), ("c",)):
        found = operator.join(batch(*items))
        assert [body["item_id"] for body in found] == list(items)
        assert all(body["dim_missing"] == MISSING for body in found)
    assert operator.metrics.gauges["batches_given_up"]() == 0, "it is the look-ups that gave up"


def test_an_event_loop_that_stands_still_is_left_behind_and_the_events_go_on_without_dimensions(
    operator: Operator, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()

    def block(_: str) -> Rows:
        release.wait(WAIT)
        return []

    database.answer = block
    try:
        found = operator.join(batch("a", "b"), timeout=0.05)
    finally:
        release.set()
    assert [(body["_offset"], body["dim_missing"]) for body in found] == [
        (0, ["product", "category", "geo", "scenario"]),
        (1, ["product", "category", "geo", "scenario"]),
    ]
    assert operator.metrics.gauges["batches_given_up"]() == 1
    assert "a micro-batch of 2 events goes on without dimensions: its time is up" in caplog.text
    assert SECRET not in caplog.text
    database.answer = lambda _: []
    assert operator.join(batch("c"))[0]["item_id"] == "c", "the late answer harms nothing"


@pytest.mark.parametrize("error", [KeyError(SECRET), asyncio.CancelledError(SECRET)])
def test_a_join_that_fails_lets_the_events_go_on_and_tells_the_log_where_but_not_of_whom(
    error: BaseException, operator: Operator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Lookup, "find", fail)
    (body,) = operator.join(batch("a"))
    assert body["dim_missing"] == ["product", "category", "geo", "scenario"]
    assert operator.metrics.gauges["batches_given_up"]() == 1
    assert "a micro-batch of 1 events goes on without dimensions: " in caplog.text
    assert f"{type(error).__name__} (" in caplog.text
    assert "join.py:" in caplog.text
    assert SECRET not in caplog.text


class _EndedError(BaseException):
    pass


@pytest.mark.parametrize("way", ["async_invoke", "timeout"])
def test_what_cannot_go_on_at_all_ends_the_worker_for_a_raised_error_would_log_the_events(
    way: str, operator: Operator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(status: int) -> None:
        raise _EndedError(status)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    value = MicroBatch([f'{{"user_id":"{SECRET}"'.encode()]).pack()
    with pytest.raises(_EndedError):
        if way == "timeout":
            operator.function.timeout(value)
        else:
            asyncio.run(operator.function.async_invoke(value))
    assert "DecodeError (" in caplog.text
    assert SECRET not in caplog.text


def test_a_row_that_cannot_be_used_raises_one_alarm_and_counts_as_not_there(
    operator: Operator, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(sql: str) -> Rows:
        if "dim_product" not in sql:
            return []
        return [["one", "a", "name", "brand", "cheap", None], ["one", "b", "name", "brand", 2, None]]

    database.answer = answer
    wrong, right = operator.join(batch("a", "b"))
    assert wrong["dim_missing"] == MISSING
    assert "product_name" not in wrong
    assert (right["product_price"], right["dim_missing"]) == (2.0, ["scenario"])
    operator.join(batch("a"))
    alarms = [record.getMessage() for record in caplog.records if "ALARM" in record.getMessage()]
    assert alarms == [
        "ALARM Dimension product has rows that cannot be used: a row of table dim_product: column product_price holds "
        "no number. Such a row counts as not there: correct it, or the declaration of the dimension."
    ]
