"""The whole platform under traffic, scraped by a real Prometheus: started once for all tests here."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.redis_jobs import recent_traffic
from tests.kit.servers import Servers
from tests.kit.traffic import Flow
from tests.observability.platform import JOBS, Platform


@pytest.fixture(scope="package")
def platform(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Five jobs that read what flows, rows that the table refuses, and a Prometheus that has seen some of it."""
    folder = tmp_path_factory.mktemp("platform")
    with ExitStack() as stack:
        pipeline = stack.enter_context(closing(Pipeline(servers, folder)))
        redis = stack.enter_context(RedisProcess(folder))
        platform = stack.enter_context(closing(Platform(pipeline, redis)))
        traffic = recent_traffic(events=400_000)
        flow = stack.enter_context(Flow(servers.bootstrap, pipeline.behaviors, traffic, rate=500))
        platform.flow = flow
        stack.enter_context(platform.visits)
        # Two clients, for two processors.
        with ThreadPoolExecutor(2) as pool:
            for submitted in pool.map(lambda jobs: platform.submit(*jobs), (sorted(JOBS)[:2], sorted(JOBS)[2:])):
                platform.jobs |= submitted
        platform.await_first_figures()
        yield platform
