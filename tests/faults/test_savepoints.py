"""The sink has no state but offsets, so every savepoint of it is safe to go back to."""

from datetime import datetime, timedelta

import pytest

from clickstream.generator.model import HOUR_MS
from tests.kit.pipeline import Pipeline
from tests.kit.traffic import Flow, model

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

BEHIND = 100_000
RATE = 4_000
EVENTS, HOURS = 1_000_000, 48  # of which so many are sent as the test takes


def test_an_old_savepoint_and_another_parallelism_leave_table_and_view_exact_while_events_flow(
    pipeline: Pipeline,
) -> None:
    pipeline.count_in_view()
    traffic = model(EVENTS, span_ms=HOURS * HOUR_MS)
    with Flow(pipeline.servers.bootstrap, pipeline.behaviors, traffic, RATE) as flow:
        job = pipeline.submit()
        pipeline.wait_rows(5_000, job=job)
        old = job.savepoint(pipeline.savepoints)
        at_savepoint, received_at_savepoint = pipeline.nodes.count(), _last_received(pipeline)
        pipeline.wait_rows(at_savepoint + BEHIND, job=job)
        job.cancel()
        at_cancel = pipeline.nodes.count()
        assert _last_received(pipeline) - received_at_savepoint > timedelta(hours=3)

        job = pipeline.submit(savepoint=old)
        pipeline.wait_rows(at_cancel + 5_000, job=job)
        pipeline.wait_metric(job, "replays_skipped", BEHIND)
        last = job.savepoint_and_stop(pipeline.savepoints)
        at_stop = pipeline.nodes.count()

        job = pipeline.submit(savepoint=last, parallelism=2)
        pipeline.wait_rows(at_stop + 5_000, job=job)
        assert flow.flowing, "events flowed all the time"
        answers = flow.end()
    pipeline.wait_rows(answers.valid, job=job)
    pipeline.assert_exact(answers, view=True)
    assert not pipeline.dead_letters()


def _last_received(pipeline: Pipeline) -> datetime:
    """When the newest row came in, by its record: the model's time, which runs faster than the clock."""
    newest: datetime = max(time for (time,) in pipeline.nodes.rows("SELECT max(received_at) FROM user_behaviors_local"))
    return newest
