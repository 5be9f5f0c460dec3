"""The jobs as deploy/k8s renders them, run by bin/standalone-job.sh out of the installed image: nothing is lost.

Checkpoints and savepoints are where the manifests have them, in a bucket of an S3-compatible server: in `make test`
those of one of two jobs, the other one runs as in the compose file; in `make test-full` those of all five, of each
overlay. on_this_machine.py has what differs from the manifests.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from clickstream.generator.answers import Answers
from clickstream.lookup import Lookup
from tests.deploy.image import installed
from tests.deploy.image.application import Application
from tests.deploy.image.containers import Machine, named
from tests.deploy.image.object_storage import SECRET, ObjectStorage
from tests.deploy.rendering import Manifest, manifests, of_kind
from tests.kit import redis_expected as expected
from tests.kit.flink import Job
from tests.kit.join import JoinPipeline
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.redis_answers import assert_hot_items, assert_recent_items, assert_windows, wait_settled
from tests.kit.redis_jobs import SETTINGS, recent_traffic
from tests.kit.traffic import Flow
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

ALL = ("dimension-join", "clickhouse-sink", "item-hot-score", "realtime-metrics", "user-recent")
RATE = 500


class Jobs(NamedTuple):
    """Some jobs of an overlay, and those of them whose state is in object storage."""

    overlay: str
    names: tuple[str, ...]
    stored: tuple[str, ...]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisProcess(folder) as process:
        yield process


@dataclass
class Overlay:
    """Some jobs of an overlay, on servers of this machine.

    Attributes:
        machine: where image and volumes are.
        jobs: which of them.
        pipeline: the topics and tables of the test.
        replaced: settings of the platform that differ from the overlay's, with their prefix.
        secrets: what the pods are given.
        storage: runs.
        stopped: savepoint of each job that was stopped.
    """

    machine: Machine
    jobs: Jobs
    pipeline: Pipeline
    replaced: dict[str, str]
    secrets: dict[str, dict[str, str]]
    storage: ObjectStorage
    stopped: dict[str, str] = field(default_factory=dict)

    def setting(self, name: str, key: str) -> str:
        """A job's Flink setting, as its manifest has it."""
        return str(named(manifests(self.jobs.overlay), "FlinkDeployment", name)["spec"]["flinkConfiguration"][key])

    @contextmanager
    def running(self, parallelism: int) -> Iterator[dict[str, Application]]:
        """The jobs, each with a JobManager and a TaskManager, once every task runs and every probe answers."""
        found = manifests(self.jobs.overlay)
        own = {
            name: value
            for name, value in self.pipeline.environment().items()
            if name.startswith("CLICKSTREAM_KAFKA_") or name == "CLICKSTREAM_DEAD_LETTER_DIR"
        }
        with ExitStack() as stack, ThreadPoolExecutor() as pool:
            applications = {}
            for name in self.jobs.names:
                deployment: Manifest = named(found, "FlinkDeployment", name)
                deployment["spec"]["job"]["parallelism"] = parallelism
                application = Application(
                    self.machine,
                    deployment,
                    found,
                    self.secrets,
                    own | self.replaced,
                    storage=self.storage if name in self.jobs.stored else None,
                    savepoint=self.stopped.get(name),
                )
                applications[name] = stack.enter_context(application)
            list(pool.map(Application.wait_running, applications.values()))
            yield applications

    def stop(self, applications: dict[str, Application]) -> None:
        """Stop all of them, each with a savepoint."""
        with ThreadPoolExecutor() as pool:
            self.stopped = dict(zip(applications, pool.map(Application.stop, applications.values()), strict=True))

    def keeps_checkpoints_in_the_bucket(self, application: Application) -> Path:
        """Have one made; where it lies. What a TaskManager wrote is there too, beside what the JobManager did."""
        job = application.job
        request = job.ask("/checkpoints", "POST", {"checkpointType": "FULL"})["request-id"]

        def completed() -> bool:
            # Asked for by its number: a JobManager does not end before somebody has heard of what was asked of it.
            return bool(job.ask(f"/checkpoints/{request}")["status"]["id"] == "COMPLETED")

        wait_for(completed, 120, lambda: f"a checkpoint of {application.name}: {application.said('jobmanager')}")
        address = job.ask("/checkpoints")["latest"]["completed"]["external_path"]
        assert address.startswith(f"{self.setting(application.name, 'execution.checkpointing.dir')}/")
        assert (application.folder(address) / "_metadata").is_file()
        return application.folder(address)


@contextmanager
def platform(jobs: Jobs, pipeline: Pipeline, redis: RedisProcess, folder: Path) -> Iterator[Overlay]:
    """The servers that the jobs need beyond a pipeline's."""
    settings = of_kind(manifests(jobs.overlay), "FlinkDeployment")[0]["spec"]["flinkConfiguration"]
    bucket = urlsplit(settings["execution.checkpointing.dir"]).netloc
    secrets = {
        "clickstream-clickhouse": {"CLICKSTREAM_CLICKHOUSE_URLS": pipeline.urls},
        "clickstream-redis": {"CLICKSTREAM_REDIS_URL": redis.url},
        "clickstream-s3": SECRET,
    }
    replaced = {"CLICKSTREAM_SINK_BATCH_SECONDS": "1"}
    with ExitStack() as stack:
        if "dimension-join" in jobs.names:
            join = stack.enter_context(closing(JoinPipeline(pipeline)))
            secrets["clickstream-mysql"] = {"CLICKSTREAM_MYSQL_URL": join.url}
            metrics = f"{pipeline.name}-metrics"
            pipeline.topics.make({metrics: 2})
            replaced["CLICKSTREAM_KAFKA_TOPIC_METRICS"] = metrics
        else:
            replaced["CLICKSTREAM_SOURCE"] = "ods"  # no join runs here
        storage = stack.enter_context(ObjectStorage(folder / "storage", bucket, settings["s3.region"]))
        machine = Machine(installed.jobs(), folder / "volumes")
        yield Overlay(machine, jobs, pipeline, replaced, secrets, storage)


@pytest.mark.parametrize(
    "jobs",
    [
        Jobs("overlays/dev", ("clickhouse-sink", "item-hot-score"), stored=("item-hot-score",)),
        pytest.param(Jobs("overlays/dev", ALL, stored=ALL), marks=[pytest.mark.full, pytest.mark.timeout(1200)]),
        pytest.param(Jobs("overlays/prod", ALL, stored=ALL), marks=[pytest.mark.full, pytest.mark.timeout(1200)]),
    ],
    ids=["two", "all-of-dev", "all-of-prod"],
)
def test_the_rendered_jobs_run_stop_and_go_on_with_another_parallelism(
    jobs: Jobs, pipeline: Pipeline, redis: RedisProcess, tmp_path: Path
) -> None:
    with (
        platform(jobs, pipeline, redis, tmp_path) as tested,
        Flow(pipeline.servers.bootstrap, pipeline.behaviors, recent_traffic(events=400_000), RATE) as flow,
    ):
        before = tested.machine.image.files()
        with tested.running(parallelism=1) as first:
            pipeline.wait_rows(2_000)
            checkpoints = [tested.keeps_checkpoints_in_the_bucket(first[name]) for name in jobs.stored]
            tested.stop(first)
        assert not [each for each in checkpoints if each.exists()], (
            "of a job that is finished only the savepoint is kept"
        )
        large = first["item-hot-score"].folder(tested.stopped["item-hot-score"])
        assert len([*large.iterdir()]) > 1, "TaskManagers write to the bucket too"
        rows = pipeline.nodes.count()
        with tested.running(parallelism=2) as second:
            for name, application in second.items():
                assert_goes_on(application.job, tested.stopped[name])
                assert_keeps_state_in(tested.setting(name, "state.backend.type"), application.job)
            pipeline.wait_rows(rows + 1)
            assert flow.flowing, "events flowed all the time"
            answers = flow.end()
            pipeline.wait_rows(answers.valid, job=second["clickhouse-sink"].job)
            assert_everything(pipeline, redis, second, answers)
            # What runbooks tell to type, in a pod of the sink.
            letters = second["clickhouse-sink"].run("clickstream", "replay-dlq", "--dry-run")
            assert letters.returncode == 0, letters.stderr
        assert tested.machine.image.files() == before, "a container may not write to its image"


def assert_goes_on(job: Job, savepoint: str) -> None:
    """It was restored from there, and runs on two slots."""
    restored: dict[str, Any] = job.ask("/checkpoints")["latest"]["restored"]
    assert restored["is_savepoint"], json.dumps(restored)
    assert restored["external_path"] == savepoint
    assert max(vertex["parallelism"] for vertex in job.ask()["vertices"]) == 2


def assert_keeps_state_in(backend: str, job: Job) -> None:
    """On the heap or in RocksDB, as its manifest says."""
    used = {"hashmap": "HashMapStateBackend", "rocksdb": "EmbeddedRocksDBStateBackend"}
    assert job.ask("/checkpoints/config")["state_backend"] == used[backend]


def assert_everything(pipeline: Pipeline, redis: RedisProcess, jobs: dict[str, Application], answers: Answers) -> None:
    """ClickHouse holds each row once, Redis what every event makes of it."""
    pipeline.assert_exact(answers)
    assert not pipeline.dead_letters()
    with Lookup.connect(redis.url, SETTINGS) as lookup:
        wait_settled(jobs["item-hot-score"].job, lambda: assert_hot_items(lookup, answers))
        if "user-recent" in jobs:
            recent = expected.recent_items(expected.valid_events(pipeline.topics.read(pipeline.behaviors)))
            assert len(recent) > 100
            wait_settled(jobs["user-recent"].job, lambda: assert_recent_items(lookup, recent))
            wait_settled(jobs["realtime-metrics"].job, lambda: assert_windows(lookup, answers))
