"""kill -9 of the TaskManager on which the join and all that reads from it run, while events flow.

DWD repeats some events; ClickHouse holds each once, and Redis says what it would say without a kill.
"""

import os
import signal

import pytest

from clickstream.config import RedisSettings
from clickstream.generator.answers import Answers
from clickstream.lookup import Lookup
from tests.kit import redis_expected as expected
from tests.kit.flink import Job
from tests.kit.join import JoinPipeline, added, parsed
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.redis_answers import assert_hot_items, assert_minutes, assert_recent_items, assert_windows, wait_settled
from tests.kit.redis_jobs import recent_traffic
from tests.kit.servers import REPOSITORY
from tests.kit.traffic import Flow
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

RATE = 1_200  # records a second, so that there is always something under way
BETWEEN = 4_000  # joined records from one kill to the next
READERS = ("item_hot_score", "realtime_metrics", "user_recent")
KEY_RECENT = "user:recent:{tenant}:{user_id}"
DWD_PARTITIONS = 6  # not as many as ODS has: each carries two of those


# Each kill starts five jobs anew, which takes longer than all that flows between two of them.
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=[pytest.mark.full, pytest.mark.timeout(3600)])])
def test_kills_leave_clickhouse_and_redis_exact_and_every_dimension_joined(
    pipeline: Pipeline, redis: RedisProcess, kills: int
) -> None:
    pipeline.count_in_view()
    join = JoinPipeline(pipeline, DWD_PARTITIONS)
    try:
        metrics = f"{pipeline.name}-metrics"
        join.topics.make({metrics: 2})
        with Flow(pipeline.servers.bootstrap, pipeline.behaviors, recent_traffic(1_000_000), rate=RATE) as flow:
            job = join.submit()
            sink = pipeline.submit({"SOURCE": "dwd"})
            readers = {name: _submit(pipeline, redis, metrics, name) for name in READERS}
            at_kills: list[int] = []
            for _ in range(kills):
                join.wait_enriched(max(at_kills, default=0) + BETWEEN, job)
                (taskmanager,) = wait_for(lambda: join.stack.pids("taskmanager"), 60, "a TaskManager")
                os.kill(taskmanager, signal.SIGKILL)
                at_kills.append(join.topics.size(pipeline.enriched))
            join.wait_enriched(at_kills[-1] + BETWEEN, job)
            assert flow.flowing, "events flowed all the time"
            answers = flow.end()
        pipeline.wait_rows(answers.valid, job=sink, seconds=300)
        job.savepoint_and_stop(pipeline.savepoints)
        sink.savepoint_and_stop(pipeline.savepoints)

        pipeline.assert_exact(answers, view=True)
        assert not pipeline.dead_letters()
        assert len(pipeline.rejects()) == sum(answers.malformed.values())
        records, tables = join.enriched(), join.tables()
        assert len(records) > answers.valid, "a kill that repeats nothing shows nothing"
        found = parsed(records)
        assert len(found) == answers.valid
        for bodies in found.values():
            assert all(added(body) == tables.joined(body) for body in bodies)
        _assert_redis(join, redis, metrics, readers, answers)
    finally:
        join.close()


def _submit(pipeline: Pipeline, redis: RedisProcess, metrics: str, name: str) -> Job:
    settings = {
        "SOURCE": "dwd",
        "KAFKA_TOPIC_METRICS": metrics,
        "REDIS_URL": redis.url,
        "REDIS_KEY_RECENT": KEY_RECENT,
        "METRICS_WINDOW_MINUTES": "240",
        "METRICS_IDLE_SECONDS": "15",
    }
    return pipeline.submit(settings, job=REPOSITORY / "pyflink_jobs" / f"{name}.py")


def _assert_redis(
    join: JoinPipeline, redis: RedisProcess, metrics: str, readers: dict[str, Job], answers: Answers
) -> None:
    events = expected.valid_events(join.topics.read(join.pipeline.behaviors))
    recent, minutes = expected.recent_items(events), expected.minutes(events)
    assert len(recent) > 500
    with Lookup.connect(redis.url, RedisSettings(key_recent=KEY_RECENT)) as lookup:
        wait_settled(readers["item_hot_score"], lambda: assert_hot_items(lookup, answers))
        wait_settled(readers["user_recent"], lambda: assert_recent_items(lookup, recent))
        wait_settled(readers["realtime_metrics"], lambda: assert_windows(lookup, answers))
    wait_settled(readers["realtime_metrics"], lambda: assert_minutes(join.topics.read(metrics), minutes))
