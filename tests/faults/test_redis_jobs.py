"""The jobs that write to Redis while everything around them fails, and events flow."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.generator.answers import Answers
from tests.kit import redis_expected as expected
from tests.kit.flink import Job
from tests.kit.redis import RedisProcess
from tests.kit.redis_answers import assert_hot_items, assert_minutes, assert_recent_items, assert_windows, wait_settled
from tests.kit.redis_jobs import RedisJobs, recent_traffic
from tests.kit.servers import Servers
from tests.kit.traffic import Flow
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

EVENTS = 900_000  # more than are sent until the last fault is over
RATE = 1_200
LATENESS_SECONDS = 60


@pytest.fixture
def jobs(servers: Servers, tmp_path: Path) -> Iterator[RedisJobs]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisProcess(folder) as redis:
        made = RedisJobs(servers, tmp_path, redis)
        yield made
        made.close()


def _through_faults(jobs: RedisJobs, name: str, settings: dict[str, str]) -> tuple[Job, Answers]:
    """Kill the TaskManager, take Redis away, stop with a savepoint, go on with another parallelism, kill again."""
    stack = jobs.servers.stack
    with Flow(jobs.servers.bootstrap, jobs.behaviors, recent_traffic(EVENTS), RATE) as flow:
        job = jobs.submit(name, settings)
        _progress(jobs, job)
        _kill(stack.pids("taskmanager")[0])
        wait_for(lambda: not job.tasks_running(), 60, "the kill is noticed")
        job.wait_running()
        _progress(jobs, job)

        jobs.redis.stop()
        before = job.checkpoints()
        wait_for(lambda: job.checkpoints() >= before + 3, 180, "checkpoints go through while Redis is away")
        assert job.state() == "RUNNING", job.exceptions()[-4000:]
        jobs.redis.start()
        _progress(jobs, job)

        savepoint = job.savepoint_and_stop(jobs.savepoints)
        job = jobs.submit(name, settings, parallelism=2, savepoint=savepoint)
        _progress(jobs, job)
        _kill(stack.pids("taskmanager")[0])
        assert flow.flowing, "events flowed all the time"
        wait_for(lambda: not job.tasks_running(), 60, "the kill is noticed")
        job.wait_running()
        return job, flow.end()


def _progress(jobs: RedisJobs, job: Job) -> None:
    """Wait until the job has written something and completed a checkpoint since now."""
    job.wait_running()
    before = job.checkpoints()
    wait_for(lambda: jobs.metric(job, "redis_writes") > 0 and job.checkpoints() > before, 120, "the job writes")


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_hot_items_are_exact(jobs: RedisJobs) -> None:
    job, answers = _through_faults(jobs, "item_hot_score", {})

    def holds() -> None:
        with jobs.lookup() as lookup:
            assert_hot_items(lookup, answers)

    wait_settled(job, holds)
    assert jobs.metric(job, "rows_rejected") > 0


def test_recent_items_are_exact(jobs: RedisJobs) -> None:
    job, _ = _through_faults(jobs, "user_recent", {})
    wanted = expected.recent_items(expected.valid_events(jobs.topics.read(jobs.behaviors)))
    assert len(wanted) > 1000

    def holds() -> None:
        with jobs.lookup() as lookup:
            assert_recent_items(lookup, wanted)
        with jobs.redis.client() as client:
            assert client.dbsize() == len(wanted), "a list that nobody should have"

    wait_settled(job, holds)


def test_live_metrics_and_closed_minutes_are_exact(jobs: RedisJobs) -> None:
    settings = {
        "METRICS_WINDOW_MINUTES": "240",
        "METRICS_LATENESS_SECONDS": str(LATENESS_SECONDS),
        "METRICS_IDLE_SECONDS": "15",
    }
    job, answers = _through_faults(jobs, "realtime_metrics", settings)

    def windows_hold() -> None:
        with jobs.lookup() as lookup:
            assert_windows(lookup, answers)

    wait_settled(job, windows_hold)

    events = expected.valid_events(jobs.topics.read(jobs.behaviors))
    on_time, everything = expected.minutes(events, LATENESS_SECONDS * 1000), expected.minutes(events)
    assert on_time != everything, "there are late events"
    wait_settled(job, lambda: assert_minutes(jobs.topics.read(jobs.metrics), everything, on_time))
