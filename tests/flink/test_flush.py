"""A batch is written when it is full, or when it is old enough: each shown where nothing else could have written it."""

import pytest

from clickstream.names import SinkMetric
from tests.kit.events import event
from tests.kit.flink import NO_CHECKPOINT, Job
from tests.kit.pipeline import Pipeline
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

NEVER = "3600"
ROWS = 500
BATCHES = 3
TOO_FEW = 123


def _watch_inserts(pipeline: Pipeline) -> None:
    """A view behind each node's table that notes each insert's rows: an insert is one block."""
    pipeline.nodes.command("CREATE TABLE inserts (size UInt64) ENGINE = MergeTree ORDER BY size")
    pipeline.nodes.command(
        "CREATE MATERIALIZED VIEW inserts_view TO inserts AS SELECT count() AS size FROM user_behaviors_local"
    )


def _inserts(pipeline: Pipeline) -> list[int]:
    return sorted(int(size) for (size,) in pipeline.nodes.rows("SELECT size FROM inserts"))


def test_a_full_batch_is_one_insert_and_the_rest_waits(pipeline: Pipeline) -> None:
    _watch_inserts(pipeline)
    pipeline.topics.send(pipeline.behaviors, [event(number) for number in range(BATCHES * ROWS + TOO_FEW)])
    job = pipeline.submit({"SINK_BATCH_ROWS": str(ROWS), "SINK_BATCH_SECONDS": NEVER}, options=NO_CHECKPOINT)
    pipeline.wait_rows(BATCHES * ROWS, job=job)
    _all_metrics_are_shown(job, len(pipeline.servers.cluster.shards))
    _is_shown(job, SinkMetric.ROWS_WRITTEN, BATCHES * ROWS)
    assert job.metrics(SinkMetric.BATCHES_BY_SIZE) == BATCHES
    assert job.metrics(SinkMetric.BATCHES_BY_TIME) == 0
    (rows_per_batch,) = job.shown(SinkMetric.ROWS_PER_BATCH)
    assert f"min={ROWS}, max={ROWS}" in rows_per_batch
    assert job.checkpoints() == 0
    assert _inserts(pipeline) == [ROWS] * BATCHES
    # What no batch was made of is neither written nor lost.
    job.savepoint_and_stop(pipeline.savepoints)
    assert sum(_inserts(pipeline)) == pipeline.nodes.count() == BATCHES * ROWS + TOO_FEW


def test_a_batch_that_never_fills_is_written_after_its_time(pipeline: Pipeline) -> None:
    _watch_inserts(pipeline)
    pipeline.topics.send(pipeline.behaviors, [event(number) for number in range(TOO_FEW)])
    job = pipeline.submit({"SINK_BATCH_ROWS": "10000", "SINK_BATCH_SECONDS": "4"}, options=NO_CHECKPOINT)
    pipeline.wait_rows(TOO_FEW, job=job)
    _is_shown(job, SinkMetric.ROWS_WRITTEN, TOO_FEW)
    # Two where the time was up while the rows came in.
    assert 1 <= job.metrics(SinkMetric.BATCHES_BY_TIME) == len(_inserts(pipeline)) <= 2
    assert job.metrics(SinkMetric.BATCHES_BY_SIZE) == 0
    assert job.checkpoints() == 0
    assert pipeline.nodes.count() == TOO_FEW


def _is_shown(job: Job, metric: SinkMetric, value: int) -> None:
    """In the web UI, which is some seconds behind."""
    wait_for(lambda: job.metrics(metric) == value, 60, lambda: f"{metric} is {job.metrics(metric)}", pause=1)


def _all_metrics_are_shown(job: Job, shards: int) -> None:
    """In the web UI, which shows what the REST interface tells."""
    alone = {each.value for each in SinkMetric} - {SinkMetric.HEALTHY_REPLICAS}
    wanted = alone | {f"shard.{number + 1}.{SinkMetric.HEALTHY_REPLICAS}" for number in range(shards)}

    def missing() -> set[str]:
        shown = job.metric_names()
        return {name for name in wanted if not any(each.endswith(f".{name}") for each in shown)}

    wait_for(lambda: not missing(), 60, lambda: f"metrics that are not shown: {missing()}", pause=1)
