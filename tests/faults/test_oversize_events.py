"""Records of a megabyte among ordinary ones, at the default settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from clickstream.events.model import LARGEST_EVENT_BYTES
from clickstream.names import HeadMetric, RejectReason
from sinks.flink.weighed import KEPT_BYTES
from tests.kit.events import event
from tests.kit.join import JoinPipeline
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.redis_jobs import RedisJobs
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

GOOD, EVERY = 10_000, 17  # a batch would weigh half a gigabyte
HUGE_BYTES = 990_000  # a producer's limit is a million by default
LARGE_BYTES = 200_000  # no event, but not beyond the size of any


def _huge(number: int) -> Record:
    return Record(b'{"event_id":"%d","x":"' % number + b"x" * HUGE_BYTES + b'"}', b"%d" % number)


def _large(number: int) -> Record:
    return Record(b"%06d" % number + b"y" * LARGE_BYTES, b"%d" % number)


def test_records_of_a_megabyte_are_rejected_with_their_beginning_and_the_taskmanager_lives(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    places: list[tuple[int, int]] = []
    sizes: list[int] = []  # the values themselves are hundreds of megabytes
    beginnings: list[bytes] = []
    for first in range(0, GOOD, EVERY * 50):
        some: list[Record] = []
        for number in range(first, min(first + EVERY * 50, GOOD)):
            some.append(event(number))
            if number % EVERY == 0:
                some += [_huge(number), _large(number)] if number % (EVERY * 20) == 0 else [_huge(number)]
        places += pipeline.topics.send(pipeline.behaviors, some)
        sizes += [len(record.value or b"") for record in some]
        beginnings += [(record.value or b"")[:KEPT_BYTES] for record in some]
    before = pipeline.servers.stack.pids("taskmanager")
    job = pipeline.submit({"SINK_BATCH_SECONDS": "15"})
    pipeline.wait_rows(GOOD, job=job, seconds=200)
    job.savepoint_and_stop(pipeline.savepoints)
    assert job.exceptions() == ""
    assert pipeline.servers.stack.pids("taskmanager") == before
    assert pipeline.nodes.count() == GOOD

    bad = {places[number]: number for number, size in enumerate(sizes) if size >= LARGE_BYTES}
    _rejected(pipeline, bad, sizes, beginnings)

    join = JoinPipeline(pipeline)
    joining = join.submit()
    redis_folder = tmp_path / "redis"
    redis_folder.mkdir()
    with RedisProcess(redis_folder) as redis:
        others = RedisJobs(pipeline.servers, tmp_path, redis)
        hot = others.submit("item_hot_score", {"KAFKA_TOPIC_BEHAVIORS": pipeline.behaviors})
        join.wait_enriched(GOOD, joining)
        join.wait_metrics(joining, rows_rejected=len(bad), rows_joined=GOOD)

        def judged() -> tuple[int, int]:
            return others.metric(hot, HeadMetric.RECORDS_READ), others.metric(hot, HeadMetric.ROWS_REJECTED)

        wait_for(lambda: judged() == (len(sizes), len(bad)), 200, lambda: f"{judged()} of {len(sizes)}, {len(bad)}")
        assert (joining.exceptions(), hot.exceptions()) == ("", "")
        others.close()
    joining.savepoint_and_stop(pipeline.savepoints)
    join.close()
    assert pipeline.servers.stack.pids("taskmanager") == before
    _rejected(pipeline, bad, sizes, beginnings)  # the join's are the same, written later


def _rejected(
    pipeline: Pipeline, bad: Mapping[tuple[int, int], int], sizes: Sequence[int], beginnings: Sequence[bytes]
) -> None:
    rejects = {(each.partition, each.offset): each for each in pipeline.rejects().values()}
    assert rejects.keys() == bad.keys()
    for place, number in bad.items():
        reject, size = rejects[place], sizes[number]
        if size > LARGEST_EVENT_BYTES:
            assert (reject.reason, reject.size, reject.value) == (RejectReason.TOO_LARGE, size, beginnings[number])
        else:
            assert (reject.reason, reject.size, len(reject.value or b"")) == (RejectReason.NOT_JSON, 0, size)
