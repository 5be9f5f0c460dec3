"""A backlog of events as large as the model allows."""

import pytest

from tests.kit.events import event
from tests.kit.pipeline import Pipeline

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

EVENTS = 24_000  # two full batches and a part of one
AT_ONCE = 1_000


def test_full_batches_of_large_events_pass_and_the_taskmanager_lives(pipeline: Pipeline) -> None:
    for first in range(0, EVENTS, AT_ONCE):
        records = [
            event(
                number,
                url="https://x/" + f"{number:06d}" * 330,
                referrer="https://y/" + f"{number:06d}" * 330,
                extra_data={"a": f"{number:07d}" * 1140},
            )
            for number in range(first, first + AT_ONCE)
        ]
        assert all(len(record.value or b"") > 12_000 for record in records)
        pipeline.topics.send(pipeline.behaviors, records)
    before = pipeline.servers.stack.pids("taskmanager")
    job = pipeline.submit({"SINK_BATCH_SECONDS": "15"})
    pipeline.wait_rows(EVENTS, job=job, seconds=120)
    assert job.exceptions() == ""
    assert pipeline.servers.stack.pids("taskmanager") == before
    assert not pipeline.rejects()
