import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.clickhouse.clickhouse_process import ServerProcess


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path_factory.mktemp("clickhouse"))
    made.start()
    yield made
    made.end()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that the test may stop and kill."""
    made = ServerProcess(tmp_path / "data")
    made.start()
    yield made
    if made.process is not None:
        made.end(signal.SIGKILL)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A name of the test's own."""
    return "t_" + "".join(sign if sign.isalnum() else "_" for sign in request.node.name)
