"""The sink has no state but offsets, so every savepoint of it is safe to go back to."""

import pytest

from tests.kit.pipeline import Pipeline
from tests.kit.traffic import Flow, model

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


def test_an_old_savepoint_and_another_parallelism_leave_table_and_view_exact_while_events_flow(
    pipeline: Pipeline,
) -> None:
    pipeline.count_in_view()
    traffic = model(1_000_000)
    with Flow(pipeline.servers.bootstrap, pipeline.behaviors, traffic, rate=2_500) as flow:
        job = pipeline.submit()
        pipeline.wait_rows(5_000, job=job)
        old = job.savepoint(pipeline.savepoints)
        at_savepoint = pipeline.nodes.count()
        pipeline.wait_rows(at_savepoint + 30_000, job=job)
        job.cancel()
        at_cancel = pipeline.nodes.count()

        job = pipeline.submit(savepoint=old)
        pipeline.wait_rows(at_cancel + 5_000, job=job)
        pipeline.wait_metric(job, "replays_skipped", 25_000)
        last = job.savepoint_and_stop(pipeline.savepoints)
        at_stop = pipeline.nodes.count()

        job = pipeline.submit(savepoint=last, parallelism=2)
        pipeline.wait_rows(at_stop + 5_000, job=job)
        assert flow.flowing, "events flowed all the time"
        answers = flow.end()
    pipeline.wait_rows(answers.valid, job=job)
    pipeline.assert_exact(answers, view=True)
    assert not pipeline.dead_letters()
