"""The jobs that write to Redis while everything around them fails, and events flow."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from analytics.erasure.recent_items import RecentLists
from clickstream.generator.answers import Answers
from clickstream.names import HeadMetric, KeepMetric
from tests.kit import redis_expected as expected
from tests.kit.flink import Job
from tests.kit.kafka import Record
from tests.kit.redis import RedisProcess
from tests.kit.redis_answers import (
    Minutes,
    assert_hot_items,
    assert_minutes,
    assert_recent_items,
    assert_windows,
    wait_settled,
)
from tests.kit.redis_jobs import SETTINGS as REDIS
from tests.kit.redis_jobs import RedisJobs, recent_traffic
from tests.kit.servers import Servers
from tests.kit.traffic import Flow
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

SETTINGS = {
    "item_hot_score": {},
    "realtime_metrics": {
        "METRICS_WINDOW_MINUTES": "240",
        "METRICS_LATENESS_SECONDS": "60",
        "METRICS_IDLE_SECONDS": "15",
    },
    "user_recent": {},
}
EVENTS = 900_000  # more than are sent until the last fault is over
RATE = 1_200
LATENESS_MS = 60_000
ERASED = ("nobody's", "u-erased")  # a user, of a tenant without other traffic
RECENT_SECONDS = 7 * 24 * 3600  # as the job has it


@pytest.fixture
def jobs(servers: Servers, tmp_path: Path) -> Iterator[RedisJobs]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisProcess(folder) as redis:
        made = RedisJobs(servers, tmp_path, redis)
        yield made
        made.close()


def test_all_three_are_exact_through_an_outage_of_redis_a_savepoint_another_parallelism_and_a_kill(
    jobs: RedisJobs,
) -> None:
    running, answers = _through_faults(jobs)
    events = expected.valid_events(jobs.topics.read(jobs.behaviors))
    _hot_items_are_exact(jobs, running["item_hot_score"], answers)
    lists = expected.recent_items(events)
    assert lists[ERASED] == ["after", "before"]
    _recent_items_are_exact(jobs, running["user_recent"], lists | {ERASED: ["after"]})
    _windows_and_minutes_are_exact(
        jobs, running["realtime_metrics"], answers, expected.minutes(events, LATENESS_MS), expected.minutes(events)
    )
    _metrics_are_shown(running)


def _through_faults(jobs: RedisJobs) -> tuple[dict[str, Job], Answers]:
    """Take Redis away, stop with savepoints, go on with another parallelism, kill the TaskManager."""
    traffic = recent_traffic(EVENTS)
    with Flow(jobs.servers.bootstrap, jobs.behaviors, traffic, RATE) as flow:
        running = _submit(jobs)
        _progress(jobs, running)
        _erase_a_user(jobs, traffic.start_ms + jobs.topics.size(jobs.behaviors) * traffic.span_ms // EVENTS)

        jobs.redis.stop()
        before = {name: job.checkpoints() for name, job in running.items()}
        for name, job in running.items():
            through = f"checkpoints of {name} go through while Redis is away"
            wait_for(lambda job=job, name=name: job.checkpoints() >= before[name] + 3, 180, through)  # type: ignore[misc]
            assert job.state() == "RUNNING", job.exceptions()[-4000:]
        jobs.redis.start()
        _progress(jobs, running)

        savepoints = {name: job.savepoint_and_stop(jobs.savepoints) for name, job in running.items()}
        running = _submit(jobs, savepoints)
        _progress(jobs, running)
        _kill_taskmanager(jobs, running)
        assert flow.flowing, "events flowed all the time"
        return running, flow.end()


def _submit(jobs: RedisJobs, savepoints: Mapping[str, str] | None = None) -> dict[str, Job]:
    """All three at once; from savepoints with parallelism 2."""

    def submitted(name: str) -> Job:
        savepoint = savepoints[name] if savepoints else None
        return jobs.submit(name, SETTINGS[name], parallelism=2 if savepoint else 1, savepoint=savepoint)

    with ThreadPoolExecutor(len(SETTINGS)) as pool:
        return dict(zip(SETTINGS, pool.map(submitted, SETTINGS), strict=True))


def _progress(jobs: RedisJobs, running: Mapping[str, Job]) -> None:
    """Wait until each job has written something and completed a checkpoint since now."""
    for job in running.values():
        job.wait_running()
    before = {name: job.checkpoints() for name, job in running.items()}
    for name, job in running.items():

        def writes(name: str = name, job: Job = job) -> bool:
            return jobs.metric(job, KeepMetric.REDIS_WRITES) > 0 and job.checkpoints() > before[name]

        wait_for(writes, 120, f"{name} writes")


def _erase_a_user(jobs: RedisJobs, at_ms: int) -> None:
    """Erase a user's list from Redis; the job has it in its state, and another view comes later."""

    def see(item: str, timestamp: int) -> None:
        tenant, user = ERASED
        event: dict[str, Any] = {"event_id": f"erased-{item}", "tenant_id": tenant, "scenario_id": "home"}
        event |= {"user_id": user, "item_id": item, "action_type": "view", "timestamp": timestamp}
        jobs.topics.send(jobs.behaviors, [Record(json.dumps(event).encode(), partition=0)])

    with jobs.lookup() as lookup:
        see("before", at_ms)
        wait_for(lambda: lookup.recent_items(*ERASED) == ["before"], 60, "the list is written")
        lists = RecentLists(jobs.redis.url, REDIS, RECENT_SECONDS)
        assert asyncio.run(lists.erase(*ERASED, at_ms)) == 1
        see("after", at_ms + 1)
        wait_for(lambda: lookup.recent_items(*ERASED) == ["after"], 60, "what comes later is written, and alone")


def _kill_taskmanager(jobs: RedisJobs, running: Mapping[str, Job]) -> None:
    os.kill(jobs.servers.stack.pids("taskmanager")[0], signal.SIGKILL)
    left = set(running)

    def noticed() -> bool:
        left.difference_update([name for name in left if not running[name].tasks_running()])
        return not left

    wait_for(noticed, 60, lambda: f"the kill is noticed by {left}")
    for job in running.values():
        job.wait_running()


def _hot_items_are_exact(jobs: RedisJobs, job: Job, answers: Answers) -> None:
    def holds() -> None:
        with jobs.lookup() as lookup:
            assert_hot_items(lookup, answers)

    wait_settled(job, holds)
    assert jobs.metric(job, HeadMetric.ROWS_REJECTED) > 0


def _recent_items_are_exact(jobs: RedisJobs, job: Job, wanted: Mapping[tuple[str, str], list[str]]) -> None:
    assert len(wanted) > 1000

    def holds() -> None:
        with jobs.lookup() as lookup:
            assert_recent_items(lookup, wanted)
        with jobs.redis.client() as client:
            lists = sum(1 for _ in client.scan_iter("user:recent:*", count=1000))
            assert lists == len(wanted), "a list that nobody should have"

    wait_settled(job, holds)


def _windows_and_minutes_are_exact(
    jobs: RedisJobs, job: Job, answers: Answers, on_time: Minutes, everything: Minutes
) -> None:
    def windows_hold() -> None:
        with jobs.lookup() as lookup:
            assert_windows(lookup, answers)

    wait_settled(job, windows_hold)
    assert on_time != everything, "there are late events"
    wait_settled(job, lambda: assert_minutes(jobs.topics.read(jobs.metrics), everything, on_time))


def _metrics_are_shown(running: Mapping[str, Job]) -> None:
    """In the web UI, which shows what the REST interface tells."""
    kept = {metric.value for metric in KeepMetric} - {KeepMetric.REDIS_RETRIES.value}  # told from the first one on
    wanted = {name: kept | {metric.value for metric in HeadMetric} for name in SETTINGS}
    wanted["user_recent"] = kept | {HeadMetric.RECORDS_READ.value, HeadMetric.ROWS_REJECTED.value}  # it drops nothing

    def missing() -> dict[str, set[str]]:
        shown = {name: {each.rpartition(".")[2] for each in job.metric_names()} for name, job in running.items()}
        return {name: wanted[name] - shown[name] for name in running if wanted[name] - shown[name]}

    wait_for(lambda: not missing(), 60, lambda: f"metrics that are not shown: {missing()}", pause=1)
