"""One set of servers for each process that runs tests, and a pipeline of its own for each test that wants one."""

import os
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import disable_socket, enable_socket
from xdist.scheduler import LoadScopeScheduling

from tests.kit.pipeline import MakePipeline, Pipeline
from tests.kit.servers import REPOSITORY, Servers, running

DIRECTORY = "CLICKSTREAM_TEST_DIR"
TESTS = Path("tests")
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


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # a base without types
    """Hands out tests in groups, so that what shares servers or data by fixtures stays in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The file or the folder that a test belongs to, below tests/."""
    path = Path(nodeid.partition("::")[0]).relative_to(TESTS)
    return str(path if path.parts[0] in BY_FILE else path.parent)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one of two processes have what keeps the processors busy while the other one waits, as far as that goes."""
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(group(item.nodeid), []).append(item)
    busy = [name for top in BY_FILE for name in groups if name.partition("/")[0] == top]
    others = [name for name in groups if name not in busy]
    items[:] = [item for pair in zip_longest(busy, others) for name in pair if name for item in groups[name]]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell of a failure at once: the end of a long session, where pytest tells of all, may never be reached."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n{report.when} of {report.nodeid}\n{report.longreprtext}", file=sys.stderr, flush=True)


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
