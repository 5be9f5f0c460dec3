"""Delivery by Kafka transactions: a kill repeats nothing for readers of committed records, which the jobs are."""

import os
import signal

import pytest

from clickstream.config import RedisSettings
from clickstream.lookup import Lookup
from clickstream.names import HeadMetric
from tests.kit.flink import NO_CHECKPOINT
from tests.kit.join import JoinPipeline, assert_in_order, parsed
from tests.kit.metrics import user_metric
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.redis_answers import assert_hot_items, wait_settled
from tests.kit.servers import REPOSITORY
from tests.kit.traffic import Flow, model
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

RATE = 4_000  # records a second
UNDONE = 8_000  # joined records that a transaction holds when it is undone


def test_readers_of_committed_records_see_each_event_once_although_the_taskmanager_was_killed(
    pipeline: Pipeline, redis: RedisProcess
) -> None:
    join = JoinPipeline(pipeline)
    try:
        settings = {
            "DIMENSIONS_DELIVERY": "exactly_once",
            "DIMENSIONS_TRANSACTION_PREFIX": pipeline.name,
            "DIMENSIONS_BATCH_ROWS": "1000",
        }
        reader = pipeline.submit(
            {"SOURCE": "dwd", "REDIS_URL": redis.url}, job=REPOSITORY / "pyflink_jobs" / "item_hot_score.py"
        )
        job = join.submit(settings, options=NO_CHECKPOINT)
        traffic = model(60_000)
        with Flow(pipeline.servers.bootstrap, pipeline.behaviors, traffic, RATE) as flow:
            _wait_written(join, 2_000)
            job.checkpoint()  # and with it a commit
            committed = wait_for(lambda: len(join.committed()), 60, "a commit")
            _wait_written(join, committed + UNDONE)
            (taskmanager,) = join.stack.pids("taskmanager")
            os.kill(taskmanager, signal.SIGKILL)
            assert len(join.committed()) == committed
            wait_for(lambda: not job.tasks_running(), 60, "the kill is noticed")
            job.wait_running()
            answers = flow.answers()

        def all_committed() -> bool:
            job.checkpoint()
            return len(join.committed()) >= answers.valid

        wait_for(
            all_committed,
            300,
            lambda: f"{len(join.committed())} of {answers.valid} are committed; {job.exceptions()[-2000:]}",
            pause=1,
        )
        job.savepoint_and_stop(pipeline.savepoints)
        records = join.committed()
        assert_in_order(records)
        assert len(records) == answers.valid
        assert parsed(records).keys() == join.expected().keys()

        with Lookup.connect(redis.url, RedisSettings()) as lookup:
            wait_settled(reader, lambda: assert_hot_items(lookup, answers))
        skipped = user_metric(join.stack, reader.id, HeadMetric.REPLAYS_SKIPPED)
        assert skipped == 0, "what was undone was never read, or its repetition would have been dropped"
    finally:
        join.close()


def _wait_written(join: JoinPipeline, records: int) -> None:
    """Wait until the DWD topic holds so many records, be they committed or not."""

    def written() -> int:
        return join.topics.size(join.pipeline.enriched, uncommitted=True)

    wait_for(lambda: written() >= records, 120, lambda: f"{written()} of {records} records")
