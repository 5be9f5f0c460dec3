"""kill -9 of the TaskManager while events flow."""

import os
import signal

import psutil
import pytest

from tests.faults.conftest import Sent
from tests.kit.metrics import user_metric
from tests.kit.pipeline import MakePipeline
from tests.kit.waiting import wait_for
from tests.kit.workers import python_workers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

KILLS = 5
PARALLELISM = 2


def test_five_kills_of_the_taskmanager_leave_a_million_events_exact_in_table_and_view(
    make_pipeline: MakePipeline, million: Sent
) -> None:
    pipeline = make_pipeline(behaviors=million.topic)
    pipeline.count_in_view()
    stack = pipeline.servers.stack
    job = pipeline.submit({"SINK_ROUTING": "sharding_key_hash"}, parallelism=PARALLELISM)

    at_kills: list[int] = []
    for _ in range(KILLS):
        pipeline.wait_rows(max(at_kills, default=0) + 60_000, job=job)
        (taskmanager,) = stack.pids("taskmanager")
        workers = python_workers(taskmanager)
        os.kill(taskmanager, signal.SIGKILL)
        at_kills.append(pipeline.nodes.count())
        assert len(workers) >= PARALLELISM
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive, "Python workers outlived their TaskManager"

    assert at_kills == sorted(set(at_kills)), "rows grew between the kills"
    assert at_kills[-1] < million.answers.valid, "the last kill came when all was done"
    pipeline.wait_rows(million.answers.valid, job=job)
    pipeline.assert_exact(million.answers, view=True)
    assert not pipeline.dead_letters()
    assert len(pipeline.rejects()) == sum(million.answers.malformed.values())
    pipeline.wait_metric(job, "replays_skipped", 1)
    # The web UI shows what the last attempt does, and not for ever what the one before the kill did.
    names = ("replays_skipped", "rows_written")
    wait_for(
        lambda: [job.metrics(name) for name in names] == [user_metric(stack, job.id, name) for name in names],
        90,
        lambda: f"{[job.metrics(name) for name in names]} in the web UI",
        pause=1,
    )
