"""Records of a megabyte among ordinary ones, at the default settings."""

import pytest

from clickstream.events.model import LARGEST_EVENT_BYTES
from clickstream.names import RejectReason
from sinks.flink.weighed import KEPT_BYTES
from tests.kit.events import event
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

GOOD, EVERY = 50_000, 17
HUGE_BYTES = 990_000  # a producer's limit is a million by default
LARGE_BYTES = 200_000  # no event, but not beyond the size of any


def _huge(number: int) -> Record:
    return Record(b'{"event_id":"%d","x":"' % number + b"x" * HUGE_BYTES + b'"}', b"%d" % number)


def _large(number: int) -> Record:
    return Record(b"%06d" % number + b"y" * LARGE_BYTES, b"%d" % number)


def test_records_of_a_megabyte_are_rejected_with_their_beginning_and_the_taskmanager_lives(pipeline: Pipeline) -> None:
    places: list[tuple[int, int]] = []
    sizes: list[int] = []  # the values themselves are three gigabytes
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

    rejects = {(each.partition, each.offset): each for each in pipeline.rejects().values()}
    bad = [number for number, size in enumerate(sizes) if size >= LARGE_BYTES]
    assert rejects.keys() == {places[number] for number in bad}
    for number in bad:
        reject, size = rejects[places[number]], sizes[number]
        if size > LARGEST_EVENT_BYTES:
            assert (reject.reason, reject.size, reject.value) == (RejectReason.TOO_LARGE, size, beginnings[number])
        else:
            assert (reject.reason, reject.size, len(reject.value or b"")) == (RejectReason.NOT_JSON, 0, size)
