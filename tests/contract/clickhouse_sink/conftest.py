from collections.abc import Callable, Iterator
from itertools import count

import pytest

from devstack.clickhouse.faults import FaultProxy
from tests.contract.clickhouse_sink.engine import TABLE, Database, Engine

_NAMES = count()


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """Three servers."""
    folder = tmp_path_factory.mktemp("engines")
    started: list[Engine] = []
    try:
        for number in range(3):
            started.append(Engine(folder / str(number)))
        yield started
    finally:
        for engine in started:
            engine.stop()


@pytest.fixture
def databases(engines: list[Engine]) -> Iterator[list[Database]]:
    """A database of the test's own on each server, with a table `t`."""
    name = f"test_{next(_NAMES)}"
    made = [Database(engine, name) for engine in engines]
    for each in made:
        each.query(TABLE)
    yield made
    for each in made:
        each.query(f"DROP DATABASE {name} SYNC", database="default")


@pytest.fixture
def database(databases: list[Database]) -> Database:
    return databases[0]


@pytest.fixture
def make_proxy() -> Iterator[Callable[[Database], FaultProxy]]:
    """Puts a proxy in front of a server."""
    started: list[FaultProxy] = []

    def make(database: Database) -> FaultProxy:
        proxy = FaultProxy(database.engine.url)
        proxy.start()
        started.append(proxy)
        return proxy

    yield make
    for proxy in started:
        proxy.stop()
