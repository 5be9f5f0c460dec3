"""A thousand bad rows among two hundred thousand: half fail our validation, half are refused by ClickHouse."""

from itertools import islice

import pytest

from clickstream.generator.malformed import KINDS, REASONS, break_event
from clickstream.generator.traffic import generate
from clickstream.names import DeadLetterReason
from tests.kit.commands import clickstream
from tests.kit.events import event
from tests.kit.kafka import Record
from tests.kit.pipeline import Pipeline
from tests.kit.traffic import model

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

ALL = 200_000
BAD_OF_EACH = 500
FIXABLE = 300  # of those that ClickHouse refuses
VIOLATED_CONSTRAINT = 469

Place = tuple[int, int]


def _good(count: int) -> list[Record]:
    chunks = generate(model(count, malformed=0, duplicates=0))
    return [
        Record(value, key, timestamp=at)
        for chunk in chunks
        for key, value, at in zip(chunk.keys, chunk.values, chunk.timestamps, strict=True)
    ]


def _malformed(number: int) -> Record:
    good = event(number)
    assert good.value is not None
    assert good.timestamp is not None
    return Record(
        break_event(good.value, 1 + number % len(KINDS), good.timestamp, number), good.key, timestamp=good.timestamp
    )


def _refused(number: int) -> Record:
    return event(number, quantity=1_000_000 if number < FIXABLE else 2_000_000)


def test_exactly_the_bad_rows_are_kept_with_their_bytes_and_a_replay_puts_back_what_the_schema_takes_by_then(
    pipeline: Pipeline,
) -> None:
    sink = pipeline.nodes
    sink.command("ALTER TABLE user_behaviors_local ADD CONSTRAINT few CHECK quantity < 1000000")
    records = _good(ALL - 2 * BAD_OF_EACH)
    every = len(records) // BAD_OF_EACH
    # Spread evenly, so that every batch has some of both kinds.
    mixed: list[Record] = []
    rest = iter(records)
    for number in range(BAD_OF_EACH):
        mixed += [*islice(rest, every), _malformed(number), _refused(number)]
    mixed += rest
    assert len(mixed) == ALL
    places = pipeline.topics.send(pipeline.behaviors, mixed)
    sent: dict[Place, Record] = dict(zip(places, mixed, strict=True))
    step = every + 2
    malformed = [places[(number + 1) * step - 2] for number in range(BAD_OF_EACH)]
    refused = [places[(number + 1) * step - 1] for number in range(BAD_OF_EACH)]

    # Small batches, for each bad row costs its batch another insert or two.
    job = pipeline.submit({"SINK_BATCH_ROWS": "2000"}, parallelism=2)
    pipeline.wait_rows(len(records), job=job)
    job.savepoint_and_stop(pipeline.savepoints)

    rejects = {(each.partition, each.offset): each for each in pipeline.rejects().values()}
    assert rejects.keys() == set(malformed)
    for number, place in enumerate(malformed):
        assert rejects[place].value == sent[place].value
        assert rejects[place].reason == REASONS[KINDS[number % len(KINDS)]]
        assert rejects[place].record_ms == sent[place].timestamp

    letters = {(each.partition, each.offset): each for each in pipeline.dead_letters().values()}
    assert letters.keys() == set(refused)
    for place, letter in letters.items():
        assert (letter.reason, letter.code) == (DeadLetterReason.REFUSED, VIOLATED_CONSTRAINT)
        assert letter.value == sent[place].value
        assert (letter.kafka_topic, letter.kafka_partition, letter.kafka_offset) == (pipeline.behaviors, *place)
    assert pipeline.sent_dead_letters() == pipeline.dead_letters()

    assert _places(pipeline) == sorted(set(places) - set(malformed) - set(refused))

    sink.command("ALTER TABLE user_behaviors_local DROP CONSTRAINT few")
    sink.command("ALTER TABLE user_behaviors_local ADD CONSTRAINT fewer CHECK quantity < 2000000")
    fixable = set(refused[:FIXABLE])
    for _ in range(2):  # the second time changes nothing
        clickstream(pipeline.environment(), "replay-dlq", "--job-stopped")
        assert _places(pipeline) == sorted(set(places) - set(malformed) - (set(refused) - fixable))
        kept = {(each.partition, each.offset): each for each in pipeline.dead_letters().values()}
        assert kept.keys() == set(refused) - fixable
        assert all(letter.value == sent[place].value for place, letter in kept.items())


def _places(pipeline: Pipeline) -> list[Place]:
    """Partition and offset of each row on any node, those that are there twice twice."""
    positions = pipeline.nodes.positions()
    return sorted(zip(positions["partition"].tolist(), positions["offset"].tolist(), strict=True))
