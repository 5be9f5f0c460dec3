from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.redis import RedisProcess
from tests.kit.redis_jobs import RedisJobs
from tests.kit.servers import Servers


@pytest.fixture
def jobs(servers: Servers, tmp_path: Path) -> Iterator[RedisJobs]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisProcess(folder) as redis:
        made = RedisJobs(servers, tmp_path, redis)
        yield made
        made.close()
