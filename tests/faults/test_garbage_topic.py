"""A topic that holds no events: the wrong one, or one that its producer has spoilt."""

import pytest

from tests.kit.events import event
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

RECORDS = 30_000
BATCH = 2_000


def test_a_topic_of_garbage_ends_the_job_failed_with_the_reason_and_is_not_drained_into_dead_letters(
    pipeline: Pipeline,
) -> None:
    garbage = (
        event(number) if number % 10 == 0 else Record(b"GET /%d HTTP/1.1" % number, b"%d" % number)
        for number in range(RECORDS)
    )
    pipeline.topics.send(pipeline.behaviors, garbage)
    job = pipeline.submit(
        {"SINK_BATCH_ROWS": str(BATCH), "SINK_DEAD_RATIO_ROWS": str(2 * BATCH)},
        options={
            "restart-strategy.exponential-delay.attempts-before-reset-backoff": "2",
            "restart-strategy.exponential-delay.initial-backoff": "100 ms",
        },
    )
    job.wait_state("FAILED", 300)

    said = job.exceptions()
    assert f"from {pipeline.behaviors} are bad" in said, said[:3000]
    assert "CLICKSTREAM_SINK_DEAD_RATIO" in said
    assert "not_json" in said
    assert not pipeline.dead_letters()
    assert not pipeline.topics.read(pipeline.dead_letter_topic)
    assert len(pipeline.rejects()) < RECORDS / 2, "the topic was not drained into the rejects either"
