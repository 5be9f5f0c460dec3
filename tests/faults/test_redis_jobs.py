"""The jobs that write to Redis while everything around them fails, and events flow."""

import json
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clickstream.generator.answers import Answers
from tests.kit import redis_expected as expected
from tests.kit.flink import FINAL, Job
from tests.kit.redis import RedisProcess
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


def _settled(job: Job, holds: Callable[[], None]) -> None:
    """Wait until an assertion holds."""

    def held() -> bool:
        assert job.state() not in FINAL, job.exceptions()[-4000:]
        try:
            holds()
        except AssertionError:
            return False
        return True

    try:
        wait_for(held, 240, "the answers", pause=1)
    except AssertionError:
        holds()
        raise


def test_hot_items_are_exact(jobs: RedisJobs) -> None:
    job, answers = _through_faults(jobs, "item_hot_score", {})

    def holds() -> None:
        with jobs.lookup() as lookup:
            for place in answers.places:
                found = lookup.hot_items(place.tenant_id, place.scenario_id, 500)
                assert len(found) == min(500, place.unique_items) or len(found) > 100
                scores = {item.item_id: item.log_score for item in found}
                wanted = {item.item_id: item.score for item in place.hot_items}
                assert {item: scores.get(item) for item in wanted} == pytest.approx(wanted, rel=1e-12)
                order = [item.item_id for item in found]
                for higher, lower in zip(place.hot_items, place.hot_items[1:], strict=False):
                    if higher.score - lower.score > 1e-9 * higher.score:
                        assert order.index(higher.item_id) < order.index(lower.item_id)

    _settled(job, holds)
    assert jobs.metric(job, "rows_rejected") > 0


def test_recent_items_are_exact(jobs: RedisJobs) -> None:
    job, _ = _through_faults(jobs, "user_recent", {})
    wanted = expected.recent_items(expected.valid_events(jobs.topics.read(jobs.behaviors)))
    assert len(wanted) > 1000

    def holds() -> None:
        with jobs.lookup() as lookup:
            found = {user: lookup.recent_items(*user) for user in wanted}
        assert found == wanted
        with jobs.redis.client() as client:
            assert client.dbsize() == len(wanted), "a list that nobody should have"

    _settled(job, holds)


def test_live_metrics_and_closed_minutes_are_exact(jobs: RedisJobs) -> None:
    settings = {
        "METRICS_WINDOW_MINUTES": "240",
        "METRICS_LATENESS_SECONDS": str(LATENESS_SECONDS),
        "METRICS_IDLE_SECONDS": "30",
    }
    job, answers = _through_faults(jobs, "realtime_metrics", settings)

    def windows_hold() -> None:
        with jobs.lookup() as lookup:
            for place in answers.places:
                found = lookup.realtime_metrics(place.tenant_id, place.scenario_id)
                assert found is not None
                for name, action in expected.COUNTED.items():
                    assert getattr(found, name) == place.actions.get(action.value, 0)
                assert found.active_users == pytest.approx(place.unique_users, rel=0.02)
                assert found.active_items == pytest.approx(place.unique_items, rel=0.02)

    _settled(job, windows_hold)

    events = expected.valid_events(jobs.topics.read(jobs.behaviors))
    on_time, everything = expected.minutes(events, LATENESS_SECONDS * 1000), expected.minutes(events)
    assert on_time != everything, "there are late events"

    def minutes_hold() -> None:
        finals: defaultdict[str, list[bytes]] = defaultdict(list)
        last: dict[str, dict[str, Any]] = {}
        for record in jobs.topics.read(jobs.metrics):
            assert record.key is not None
            assert record.value is not None
            key, body = record.key.decode(), json.loads(record.value)
            if body["correction"]:
                assert body["revision"] > 1
            else:
                finals[key].append(record.value)
            if key not in last or body["revision"] >= last[key]["revision"]:
                last[key] = body
        assert all(len(set(values)) == 1 for values in finals.values()), "one final content for each minute"
        assert _counts({key: json.loads(values[0]) for key, values in finals.items()}) == on_time
        assert _counts(last) == everything

    _settled(job, minutes_hold)


def _counts(records: dict[str, dict[str, Any]]) -> dict[str, dict[str, int]]:
    return {key: {name: record[name] for name in expected.COUNTED} for key, record in records.items()}
