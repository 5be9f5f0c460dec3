"""The jobs as deploy/k8s renders them, run by bin/standalone-job.sh out of the installed image: nothing is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from clickstream.generator.answers import Answers
from clickstream.lookup import Lookup
from tests.deploy.image import installed
from tests.deploy.image.application import Application
from tests.deploy.image.containers import Machine, named
from tests.deploy.rendering import Manifest, manifests
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.redis_answers import assert_hot_items, wait_settled
from tests.kit.redis_jobs import SETTINGS, recent_traffic
from tests.kit.traffic import Flow

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

OVERLAY = "overlays/dev"
JOBS = ("clickhouse-sink", "item-hot-score")
RATE = 500

# Settings of the platform that differ from the overlay's, by what they are for: this test's own topics and servers are
# told as well (Pipeline.environment). Flink's own settings that only mean something on Kubernetes: application.py.
REPLACED = {
    "CLICKSTREAM_SOURCE": "ods",  # no join runs here
    "CLICKSTREAM_SINK_BATCH_SECONDS": "1",
}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisProcess(folder) as process:
        yield process


def test_the_rendered_jobs_run_stop_and_go_on_with_another_parallelism(
    pipeline: Pipeline, redis: RedisProcess, tmp_path: Path
) -> None:
    image = installed.jobs()
    machine = Machine(image, tmp_path / "volumes")
    before = image.files()
    with Flow(pipeline.servers.bootstrap, pipeline.behaviors, recent_traffic(events=400_000), RATE) as flow:
        with running(machine, pipeline, redis, parallelism=1) as first:
            pipeline.wait_rows(2_000)
            with ThreadPoolExecutor() as pool:
                savepoints = dict(zip(first, pool.map(Application.stop, first.values()), strict=True))
        rows = pipeline.nodes.count()
        with running(machine, pipeline, redis, parallelism=2) as second:
            for name, application in second.items():
                job = application.job
                restored = job.ask("/checkpoints")["latest"]["restored"]
                assert restored["is_savepoint"]
                assert restored["external_path"] == savepoints[name].as_uri().replace("file:///", "file:/")
                assert max(vertex["parallelism"] for vertex in job.ask()["vertices"]) == 2
            pipeline.wait_rows(rows + 1)
            assert flow.flowing, "events flowed all the time"
            answers = flow.end()
            pipeline.wait_rows(answers.valid, job=second["clickhouse-sink"].job)
            assert_everything(pipeline, redis, second["item-hot-score"], answers)
    assert image.files() == before, "a container may not write to its image"


def assert_everything(pipeline: Pipeline, redis: RedisProcess, hot: Application, answers: Answers) -> None:
    """ClickHouse holds each row once, Redis every score."""
    pipeline.assert_exact(answers)
    assert not pipeline.dead_letters()
    lookup = Lookup.connect(redis.url, SETTINGS)
    wait_settled(hot.job, lambda: assert_hot_items(lookup, answers))


@contextmanager
def running(
    machine: Machine, pipeline: Pipeline, redis: RedisProcess, parallelism: int
) -> Iterator[dict[str, Application]]:
    """The jobs of the overlay, each with a JobManager and a TaskManager."""
    found = manifests(OVERLAY)
    secrets = {
        "clickstream-clickhouse": {"CLICKSTREAM_CLICKHOUSE_URLS": pipeline.urls},
        "clickstream-redis": {"CLICKSTREAM_REDIS_URL": redis.url},
    }
    own = {
        name: value
        for name, value in pipeline.environment().items()
        if name.startswith("CLICKSTREAM_KAFKA_") or name == "CLICKSTREAM_DEAD_LETTER_DIR"
    }
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        applications = {}
        for name in JOBS:
            deployment: Manifest = named(found, "FlinkDeployment", name)
            deployment["spec"]["job"]["parallelism"] = parallelism
            application = Application(machine, deployment, found, secrets, own | REPLACED)
            applications[name] = stack.enter_context(application)
        list(pool.map(Application.wait_running, applications.values()))
        yield applications
