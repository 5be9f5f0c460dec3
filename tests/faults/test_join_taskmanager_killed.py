"""kill -9 of the join's TaskManager while events flow: DWD repeats some, ClickHouse holds each once."""

import os
import signal

import pytest

from tests.kit.join import JoinPipeline, added, parsed
from tests.kit.pipeline import Pipeline
from tests.kit.traffic import Flow, model
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

KILLS = 5
RATE = 1_500  # records a second, so that there is always something under way
BETWEEN = 4_000  # joined records from one kill to the next


def test_five_kills_of_the_join_leave_clickhouse_exact_and_every_dimension_joined(pipeline: Pipeline) -> None:
    join = JoinPipeline(pipeline)
    try:
        bootstrap = pipeline.servers.bootstrap
        with Flow(bootstrap, pipeline.behaviors, model(1_000_000), rate=RATE) as flow:
            job = join.submit()
            sink = pipeline.submit({"SOURCE": "dwd"})
            at_kills: list[int] = []
            for _ in range(KILLS):
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

        pipeline.assert_exact(answers)
        assert not pipeline.dead_letters()
        assert len(pipeline.rejects()) == sum(answers.malformed.values())
        records, tables = join.enriched(), join.tables()
        assert len(records) > answers.valid, "a kill that repeats nothing shows nothing"
        found = parsed(records)
        assert len(found) == answers.valid
        for bodies in found.values():
            assert all(added(body) == tables.joined(body) for body in bodies)
    finally:
        join.close()
