from collections.abc import Iterator

import pytest

from clickstream.config import RedisSettings
from tests.kit.redis import RedisProcess


@pytest.fixture(params=["single", "cluster"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster") as running:
        yield running


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> RedisSettings:
    cluster = request.node.callspec.params.get("server") == "cluster"
    return RedisSettings(cluster=cluster, timeout=2, retry_initial=0.01, retry_maximum=0.05)
