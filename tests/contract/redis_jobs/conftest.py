from collections.abc import Iterator

import pytest
import redis

from clickstream.config import RedisSettings
from tests.kit.redis import RedisProcess

Servers = dict[str, RedisProcess]


@pytest.fixture(scope="package")
def started() -> Iterator[Servers]:
    """Those that run, by kind: a cluster of one node takes two seconds before it lets anybody write."""
    running: Servers = {}
    yield running
    for each in running.values():
        each.stop()


@pytest.fixture(params=["single", "cluster"])
def server(
    request: pytest.FixtureRequest, started: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisProcess]:
    """An empty server. One that a test has stopped, or given a password, is no other test's."""
    if request.param not in started:
        made = RedisProcess(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster")
        started[request.param] = made.__enter__()
    process = started[request.param].process_id
    yield started[request.param]
    if not _as_before(started[request.param], process):
        started.pop(request.param).stop()


def _as_before(server: RedisProcess, process: int | None) -> bool:
    """Whether it is the same process, empty now, and its settings those of its start."""
    try:
        with server.client() as client:
            client.flushall()
            settings = client.config_get("requirepass") | client.config_get("maxmemory")
    except redis.RedisError:
        return False
    return server.process_id == process and settings == {"requirepass": "", "maxmemory": "0"}


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> RedisSettings:
    cluster = request.node.callspec.params.get("server") == "cluster"
    return RedisSettings(cluster=cluster, timeout=2, retry_initial=0.01, retry_maximum=0.05)
