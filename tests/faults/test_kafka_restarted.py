"""Kafka is killed while events flow, and comes back."""

import pytest

from tests.kit.pipeline import Pipeline
from tests.kit.traffic import Flow, model
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def test_a_killed_broker_that_comes_back_costs_and_doubles_nothing(pipeline: Pipeline) -> None:
    with Flow(pipeline.servers.bootstrap, pipeline.behaviors, model(1_000_000), rate=2_000) as flow:
        job = pipeline.submit()
        pipeline.wait_rows(5_000, job=job)
        pipeline.servers.kill_and_wait("kafka")
        at_restart = pipeline.nodes.count()
        wait_for(lambda: pipeline.nodes.count() > at_restart + 20_000, 180, "events flow again", pause=0.5)
        assert flow.flowing
        answers = flow.end()
    pipeline.wait_rows(answers.valid, job=job)
    pipeline.assert_exact(answers)
    assert not pipeline.dead_letters()
    # Rejects come by a producer of their own, which finds the broker again in its own time.
    malformed = sum(answers.malformed.values())
    wait_for(
        lambda: len(pipeline.rejects()) >= malformed, 60, lambda: f"{len(pipeline.rejects())} of {malformed} rejects"
    )
    assert len(pipeline.rejects()) == malformed
