"""One set of servers for each process that runs tests, and a pipeline of its own for each test that wants one."""

import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import disable_socket, enable_socket

from tests.kit.pipeline import MakePipeline, Pipeline
from tests.kit.servers import REPOSITORY, Servers, running

DIRECTORY = "CLICKSTREAM_TEST_DIR"
TESTS = Path(__file__).parent
# Folders whose files have nothing in common, and keep the processors busy: each file for itself.
BY_FILE = ("faults", "e2e", "integration", "flink")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-servers", action="store_true", help="leave the servers running for the next session")
    parser.addoption("--servers", metavar="DIR", help=f"their folder; default: {DIRECTORY}, else .devstack/test")


def pytest_configure(config: pytest.Config) -> None:
    # A JVM that lives for some minutes loses more by the optimising compiler than it gains.
    os.environ.setdefault("JVM_ARGS", "-XX:TieredStopAtLevel=1")
    # Not a setting of the product, which refuses to start when it finds one that it does not know.
    named = os.environ.pop(DIRECTORY, None)
    if told := getattr(config, "workerinput", None):
        config.option.servers = told["servers"]
    elif config.option.servers is None:
        config.option.servers = named or str(REPOSITORY / ".devstack" / "test")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each of several processes a folder of servers of its own."""
    node.workerinput["servers"] = f"{node.config.option.servers}-{node.gateway.id}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests for several processes: what shares servers or data, by fixtures of its folder, stays together."""

    def folder(item: pytest.Item) -> Path:
        return item.path.relative_to(TESTS)

    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        path = folder(item)
        group = str(path if path.parts[0] in BY_FILE else path.parent)
        item.add_marker(pytest.mark.xdist_group(group))
        groups.setdefault(group, []).append(item)
    # One process is handed what keeps the processors busy while the other one waits, as far as that goes.
    busy = [group for top in BY_FILE for group in groups if group.partition("/")[0] == top]
    others = [group for group in groups if group not in busy]
    items[:] = [item for pair in zip_longest(busy, others) for group in pair if group for item in groups[group]]


@pytest.fixture(autouse=True)
def _sockets_only_where_marked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unix sockets stay: asyncio wakes its loop through a pair of them."""
    if any(request.node.get_closest_marker(name) for name in ("stack", "net")):
        yield
        return
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Kafka, Flink and three ClickHouse nodes: started by the first test that asks, stopped when the session ends."""
    with running(Path(request.config.option.servers), keep=request.config.option.keep_servers) as started:
        yield started


@pytest.fixture
def make_pipeline(servers: Servers, tmp_path: Path) -> Iterator[MakePipeline]:
    """Makes pipelines; arguments are those of Pipeline behind the folder."""
    made: list[Pipeline] = []

    def make(behaviors: str | None = None) -> Pipeline:
        made.append(Pipeline(servers, tmp_path / str(len(made)), behaviors))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.close()


@pytest.fixture
def pipeline(make_pipeline: MakePipeline) -> Pipeline:
    """Topics, a database on every node, a dead-letter folder and Flink jobs that no other test sees."""
    return make_pipeline()
