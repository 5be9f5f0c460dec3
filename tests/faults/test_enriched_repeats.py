"""The sink on DWD, as a restarted join leaves it: stretches of it written again, ODS partitions interleaved."""

import json
import os
import random
import signal
from collections.abc import Iterator

import pytest

from tests.kit.events import event
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

ODS_PARTITIONS, DWD_PARTITIONS = 5, 2
EVENTS = 120_000
EPOCH = 4_000_000_001


def _written(source: random.Random) -> Iterator[tuple[int, int]]:
    """(ODS partition, offset) in the order of writing: each partition in its order, and now and then back a stretch."""
    upcoming = [0] * ODS_PARTITIONS
    per_partition = EVENTS // ODS_PARTITIONS
    checkpoint = [0] * ODS_PARTITIONS
    step = 0
    while left := [partition for partition in range(ODS_PARTITIONS) if upcoming[partition] < per_partition]:
        step += 1
        partition = source.choice(left)
        for _ in range(min(source.randint(1, 40), per_partition - upcoming[partition])):
            yield partition, upcoming[partition]
            upcoming[partition] += 1
        if step % 700 == 0:
            upcoming = list(checkpoint)  # the join was restarted: it goes on from its last checkpoint
        if step % 450 == 0:
            checkpoint = list(upcoming)


def _enriched(partition: int, offset: int) -> Record:
    record = event(offset * ODS_PARTITIONS + partition)
    assert record.value is not None
    fields = json.loads(record.value)
    fields |= {"received_at": fields["timestamp"], "product_name": "Lamp", "category_1": "Home"}
    fields |= {"_epoch": EPOCH, "_partition": partition, "_offset": offset}
    return Record(json.dumps(fields).encode(), record.key, partition % DWD_PARTITIONS, record.timestamp)


def test_repeated_stretches_of_dwd_and_a_kill_in_their_middle_leave_every_position_there_once(
    pipeline: Pipeline,
) -> None:
    pipeline.count_in_view()
    pipeline.topics.make({pipeline.enriched: DWD_PARTITIONS})
    written = list(_written(random.Random(7)))
    assert len(set(written)) == EVENTS
    assert len(written) > EVENTS * 1.2, "a good deal is there twice"
    pipeline.topics.send(pipeline.enriched, (_enriched(*place) for place in written))

    settings = {"SOURCE": "dwd", "SINK_BATCH_ROWS": "2000", "SINK_ROUTING": "sharding_key_hash"}
    job = pipeline.submit(settings, parallelism=2)
    pipeline.wait_rows(EVENTS // 10, job=job)
    (taskmanager,) = pipeline.servers.stack.pids("taskmanager")
    os.kill(taskmanager, signal.SIGKILL)
    assert pipeline.nodes.count() < EVENTS, "the kill came in the middle"
    pipeline.wait_rows(EVENTS, job=job)
    job.savepoint_and_stop(pipeline.savepoints)

    positions = pipeline.nodes.positions()
    assert set(positions["epoch"].tolist()) == {EPOCH}
    found = sorted(zip(positions["partition"].tolist(), positions["offset"].tolist(), strict=True))
    assert found == sorted(set(written))
    assert pipeline.nodes.total("SELECT count() FROM user_behaviors_local WHERE product_name = 'Lamp'") == EVENTS
    assert pipeline.nodes.total("SELECT sum(events) FROM actions_seen") == EVENTS
    assert not pipeline.dead_letters()
