"""Delivery by Kafka transactions: a kill repeats nothing for readers of committed records."""

import os
import signal

import pytest

from tests.kit.join import JoinPipeline, assert_in_order, parsed
from tests.kit.pipeline import Pipeline
from tests.kit.traffic import model, send_traffic
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def test_readers_of_committed_records_see_each_event_once_although_the_taskmanager_was_killed(
    pipeline: Pipeline,
) -> None:
    join = JoinPipeline(pipeline)
    try:
        answers = send_traffic(pipeline.servers.bootstrap, pipeline.behaviors, model(60_000))
        settings = {
            "DIMENSIONS_DELIVERY": "exactly_once",
            "DIMENSIONS_TRANSACTION_PREFIX": pipeline.name,
            "DIMENSIONS_BATCH_ROWS": "1000",
        }
        job = join.submit(settings)
        join.wait_enriched(15_000, job)
        (taskmanager,) = join.stack.pids("taskmanager")
        os.kill(taskmanager, signal.SIGKILL)
        wait_for(
            lambda: len(join.committed()) >= answers.valid,
            300,
            lambda: f"{len(join.committed())} of {answers.valid} are committed; {job.exceptions()[-2000:]}",
            pause=2,
        )
        job.savepoint_and_stop(pipeline.savepoints)
        records = join.committed()
        assert_in_order(records)
        assert len(records) == answers.valid
        assert parsed(records).keys() == join.expected().keys()
    finally:
        join.close()
