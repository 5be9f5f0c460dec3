"""A topic is deleted and made anew under its name: its offsets begin at 0 again and mean other events."""

import pytest

from tests.kit.events import event
from tests.kit.pipeline import PARTITIONS, Pipeline
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

OLD, NEW = 2_000, 5_000


def test_the_running_job_says_what_to_do_and_a_new_one_adds_every_new_row_to_the_old_ones(pipeline: Pipeline) -> None:
    topics = pipeline.topics
    topics.send(pipeline.behaviors, (event(number) for number in range(OLD)))
    job = pipeline.submit()
    pipeline.wait_rows(OLD, job=job)

    topics.delete(pipeline.behaviors)
    topics.make({pipeline.behaviors: PARTITIONS})
    # More than before, so that the old offsets exist in the new topic.
    topics.send(pipeline.behaviors, (event(OLD + number) for number in range(NEW)))
    wait_for(
        lambda: "Cancel the job and submit it again without a savepoint" in job.exceptions(),
        240,
        lambda: f"the job fails: it is {job.state()} with {pipeline.nodes.count()} rows; {job.exceptions()[-2000:]}",
        pause=1,
    )
    assert pipeline.nodes.count() == OLD, "nothing of the new topic was taken for something of the old one"
    job.cancel()

    job = pipeline.submit()
    pipeline.wait_rows(OLD + NEW, job=job)
    job.savepoint_and_stop(pipeline.savepoints)
    assert pipeline.nodes.count() == OLD + NEW
    assert pipeline.nodes.total("SELECT uniqExact(event_id) FROM user_behaviors_local") == OLD + NEW
    epochs = {row[0] for row in pipeline.nodes.rows("SELECT DISTINCT _epoch FROM user_behaviors_local")}
    assert len(epochs) == 2
    assert not pipeline.dead_letters()
