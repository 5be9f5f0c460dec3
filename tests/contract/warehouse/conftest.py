from collections.abc import Iterator
from itertools import count

import pytest

from tests.contract.clickhouse_sink.engine import Engine
from tests.contract.warehouse.warehouse import Warehouse

_NAMES = count()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One server."""
    started = Engine(tmp_path_factory.mktemp("warehouse") / "data")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def filled(engine: Engine) -> Iterator[Warehouse]:
    """Four days of traffic over the end of a month, with what can go wrong. Tests only read it."""
    warehouse = Warehouse(engine, f"warehouse_{next(_NAMES)}")
    warehouse.fill()
    yield warehouse
    warehouse.drop()


@pytest.fixture
def own(engine: Engine) -> Iterator[Warehouse]:
    """An empty warehouse of the test's own."""
    warehouse = Warehouse(engine, f"warehouse_{next(_NAMES)}")
    yield warehouse
    warehouse.drop()


@pytest.fixture
def second(engine: Engine) -> Iterator[Warehouse]:
    """Another one."""
    warehouse = Warehouse(engine, f"warehouse_{next(_NAMES)}")
    yield warehouse
    warehouse.drop()
