"""The path of one micro-batch, with a table that is a dictionary in the place of the writer."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from clickstream.clock import ManualClock
from clickstream.config.kafka import Source
from clickstream.config.sink import Routing
from clickstream.errors import ConfigurationError, ContractError
from clickstream.names import DeadLetterReason, RejectReason
from clickstream.recent_ids import Hashes, Times, hashes_of
from sinks.clickhouse.batch import Batch, DeadRow, Indices, Mask, Positions, Report
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.ingest import Ingest, IngestConfig, OutcomeKind
from sinks.clickhouse.isolation import Sample
from sinks.clickhouse.rows import BehaviorRows, JsonRows, Records
from sinks.dead_letters import decode_dead_letter, decode_rejected
from tests.unit.sinks.clickhouse.test_rows import NOW, event, records


class MemoryWriter:
    """What Ingest needs of a Writer."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes] = {}
        self.repeated: set[int] = set()
        self.deaths: dict[int, tuple[DeadLetterReason, int]] = {}
        self.broken: set[int] = set()
        self.samples: list[Sample] = []  # that a write comes upon
        self.judge: Callable[[Sample], None]
        self.stored: list[tuple[str, int]] = []  # ids that the table holds from before, with their times
        self.asked: list[str] = []

    @property
    def lookups(self) -> "MemoryWriter":
        return self

    def ids_in(self, column: str, time_column: str, where: object, oldest_ms: int) -> str:
        return f"{column} {where} {time_column} >= {oldest_ms}"

    def run(self, question: str) -> tuple[Hashes, Times]:
        self.asked.append(question)
        return hashes_of([each for each, _ in self.stored]), np.array([ms for _, ms in self.stored], dtype=np.int64)

    def sort(self, positions: Positions, kafka_partitions: Indices) -> tuple[Mask, Mask]:
        offsets = positions.offsets.tolist()
        return np.array([o in self.repeated for o in offsets]), np.array([o in self.rows for o in offsets])

    def write(self, batch: Batch) -> Report:
        report = Report()
        for sample in self.samples:
            self.judge(sample)
        for row, offset, index in zip(batch.rows, batch.positions.offsets.tolist(), batch.index.tolist(), strict=True):
            if offset in self.deaths:
                reason, code = self.deaths[offset]
                report.dead.append(DeadRow(index, reason, code, "why", 2, 1, "http://n:1"))
                continue
            self.rows[offset] = row
            report.written += 1
            if offset in self.broken:
                report.view_failures.append(
                    DeadRow(index, DeadLetterReason.VIEW_FAILED, 395, "view", 1, 0, "http://n:1")
                )
        return report


def ingest(**changes: object) -> tuple[Ingest, MemoryWriter]:
    config = IngestConfig(
        **{  # type: ignore[arg-type] # each test changes a few
            "sink": ClickHouseSinkConfig.to("http://n:1", "t"),
            "rows": BehaviorRows(Source.ODS, epoch=7),
            "topic": "behaviors",
            "duplicate_ms": 60_000,
            "duplicate_ids": 1000,
            **changes,
        }
    )
    made = Ingest(config, lambda _: None, ManualClock(1_800_000_000.5))
    made.writer.close()
    writer = MemoryWriter()
    writer.judge = made.writer._judge
    made.writer = writer  # type: ignore[assignment] # it stands in for the Writer
    return made, writer


def events(*numbers: int, first: int = 100) -> Records:
    return records(*(event(event_id=f"e-{number}") for number in numbers), first=first)


def test_every_record_is_written_or_told_of() -> None:
    sink, writer = ingest(dead_ratio=1.0)
    writer.rows = {101: b"there"}
    writer.repeated = {102}
    writer.deaths = {103: (DeadLetterReason.REFUSED, 469)}
    writer.broken = {104}
    values = [event(event_id=f"e-{n}") for n in range(6)]
    done = sink.ingest(records(*values, b"no", values[0], None))
    assert (done.replays, done.duplicates, done.rejected) == (2, 1, 2)
    assert done.report.written == 3
    assert sorted(writer.rows) == [100, 101, 104, 105]
    kinds = [outcome.kind for outcome in done.outcomes]
    assert kinds == [OutcomeKind.REJECTED] * 2 + [OutcomeKind.DEAD_LETTER] * 2
    rejected = decode_rejected(done.outcomes[0].line)
    assert (rejected.reason, rejected.epoch, rejected.partition, rejected.offset, rejected.value) == (
        RejectReason.NOT_JSON,
        7,
        3,
        106,
        b"no",
    )
    assert decode_rejected(done.outcomes[1].line).value is None
    dead = decode_dead_letter(done.outcomes[2].line)
    assert (dead.reason, dead.code, dead.message, dead.attempts, dead.shard) == (
        DeadLetterReason.REFUSED,
        469,
        "why",
        2,
        1,
    )
    assert (dead.epoch, dead.partition, dead.offset) == (7, 3, 103)
    assert (dead.kafka_topic, dead.kafka_partition, dead.kafka_offset) == ("behaviors", 3, 103)
    assert (dead.value, dead.record_ms, dead.failed_at.timestamp()) == (values[3], NOW + 5, 1_800_000_000.5)
    assert decode_dead_letter(done.outcomes[3].line).reason is DeadLetterReason.VIEW_FAILED


def test_duplicates_are_removed_within_and_between_batches() -> None:
    sink, writer = ingest()
    assert sink.ingest(events(1, 2, 1)).duplicates == 1
    assert sink.ingest(events(2, 3, first=103)).duplicates == 1
    assert sorted(writer.rows) == [100, 101, 104]


def test_duplicates_of_what_the_table_holds_from_before_are_removed() -> None:
    sink, writer = ingest()
    writer.stored = [("e-1", NOW), ("e-1", NOW + 1)]
    assert sink.ingest(events(1, 2)).duplicates == 1
    (question,) = writer.asked
    assert "event_id" in question
    assert "first=0, last=99" in question
    assert f"received_at >= {NOW + 5 - 60_000}" in question
    sink.ingest(events(3, first=102))
    assert len(writer.asked) == 1


def test_what_the_table_holds_from_before_counts_as_of_its_own_time() -> None:
    sink, writer = ingest(duplicate_ms=60_000)
    writer.stored = [("e-1", NOW - 50_000), ("e-2", NOW - 1_000)]
    # A first batch that catches up: its last records came a minute after its first.
    caught_up = records(event(event_id="e-3"), event(event_id="e-1"), event(event_id="e-2"), first=100)
    times = caught_up.timestamps.copy()
    times[1:] += 55_000
    assert sink.ingest(replace(caught_up, timestamps=times)).duplicates == 1
    assert sorted(writer.rows) == [100, 101]


def test_the_first_record_of_a_topic_needs_no_look_up() -> None:
    sink, writer = ingest()
    sink.ingest(events(1, first=0))
    assert writer.asked == []


def test_a_replayed_row_is_no_duplicate_of_itself_but_makes_later_ones() -> None:
    sink, writer = ingest()
    writer.rows = {100: b"there"}
    done = sink.ingest(events(1, 1))
    assert (done.replays, done.duplicates, done.report.written) == (1, 1, 0)


def test_partitions_have_memories_of_their_own() -> None:
    sink, _ = ingest()
    sink.ingest(events(1))
    other = records(event(event_id="e-1"), first=0, partition=4)
    assert sink.ingest(other).duplicates == 0


def test_hash_routing_over_several_shards_needs_a_key() -> None:
    several = ClickHouseSinkConfig.to("http://n:1;http://n:2", "t")
    hashed = replace(several, routing=Routing.SHARDING_KEY_HASH)
    with pytest.raises(ConfigurationError, match="one of the 2 shards would get every row of t"):
        IngestConfig(hashed, JsonRows(7), "orders")
    IngestConfig(hashed, JsonRows(7, key="customer_id"), "orders")
    IngestConfig(hashed, BehaviorRows(Source.ODS, epoch=7), "behaviors")
    IngestConfig(several, JsonRows(7), "orders")
    one = ClickHouseSinkConfig.to("http://n:1", "t")
    IngestConfig(replace(one, routing=Routing.SHARDING_KEY_HASH), JsonRows(7), "orders")


def test_duplicates_can_be_kept() -> None:
    sink, writer = ingest(duplicate_ms=0)
    assert sink.ingest(events(1, 1)).duplicates == 0
    assert len(writer.rows) == 2


def test_a_batch_without_a_single_valid_record() -> None:
    sink, writer = ingest()
    done = sink.ingest(records(None, b"x"))
    assert (done.rejected, done.report, writer.rows) == (2, Report(), {})
    assert sink.ingest(records()).outcomes == []


def test_a_record_of_which_only_the_beginning_came_is_rejected_whatever_that_looks_like() -> None:
    sink, writer = ingest(dead_ratio=1.0)
    values = [event(event_id="a"), event(event_id="b"), b"x"]
    done = sink.ingest(replace(records(*values), sizes=np.array([0, 990_000, 0])))
    assert sorted(writer.rows) == [100]
    cut, wrong = (decode_rejected(outcome.line) for outcome in done.outcomes)
    assert (cut.reason, cut.field, cut.offset, cut.size, cut.value) == (
        RejectReason.TOO_LARGE, "", 101, 990_000, values[1],
    )  # fmt: skip
    assert (wrong.reason, wrong.size) == (RejectReason.NOT_JSON, 0)


def test_too_many_rejects_end_the_job_and_say_why() -> None:
    sink, _ = ingest(dead_ratio=0.5, dead_ratio_rows=10)
    sink.ingest(events(*range(4)))
    with pytest.raises(ContractError) as failure:
        sink.ingest(records(*[b"x"] * 6, first=104))
    text = str(failure.value)
    assert "6 of the last 10 rows from behaviors are bad" in text
    assert "not_json" in text
    assert "CLICKSTREAM_SINK_DEAD_RATIO" in text


def test_too_many_refused_rows_end_the_job() -> None:
    sink, writer = ingest(dead_ratio=0.5, dead_ratio_rows=4)
    writer.deaths = dict.fromkeys((100, 101, 102), (DeadLetterReason.REFUSED, 469))
    with pytest.raises(ContractError, match="code 469"):
        sink.ingest(events(1, 2, 3, 4))


def test_samples_that_show_too_many_refused_rows_end_the_job_at_once() -> None:
    numbers = range(1_000)
    all_bad = Sample(dead=32, left=468, tried=64, refused=64, code=16)
    sink, writer = ingest(dead_ratio=0.5, dead_ratio_rows=1_000)
    writer.samples = [all_bad]  # of one shard of two: what the other one's rows are nobody knows
    assert len(sink.ingest(events(*numbers)).outcomes) == 0
    writer.samples = [all_bad, all_bad]
    with pytest.raises(ContractError) as failure:
        sink.ingest(events(*numbers, first=5_000))
    assert "64 of 64 rows, drawn from 468" in str(failure.value)
    assert "code 16" in str(failure.value)
    assert "CLICKSTREAM_SINK_DEAD_RATIO" in str(failure.value)
    # A job that allows them all, and one that has not seen enough, go on.
    for changes in ({"dead_ratio": 1.0, "dead_ratio_rows": 1_000}, {"dead_ratio": 0.5, "dead_ratio_rows": 1_001}):
        sink, writer = ingest(**changes)
        writer.samples = [all_bad, all_bad]
        sink.ingest(events(*numbers))


@pytest.mark.parametrize("code", [0, 241, 252])
def test_an_outage_never_counts_as_bad_rows(code: int) -> None:
    sink, writer = ingest(dead_ratio=0.1, dead_ratio_rows=4)
    writer.deaths = dict.fromkeys(range(100, 104), (DeadLetterReason.UNAVAILABLE, code))
    assert len(sink.ingest(events(1, 2, 3, 4)).outcomes) == 4


def test_a_broken_view_does_not_count_either() -> None:
    sink, writer = ingest(dead_ratio=0.1, dead_ratio_rows=4)
    writer.broken = {100, 101, 102, 103}
    assert sink.ingest(events(1, 2, 3, 4)).report.written == 4


def test_rows_keep_their_record_when_others_are_rejected_before_them() -> None:
    sink, writer = ingest(dead_ratio=1.0)
    writer.deaths = {102: (DeadLetterReason.REFUSED, 469)}
    values = [b"x", event(event_id="a"), event(event_id="b")]
    (_, outcome) = sink.ingest(records(*values)).outcomes
    assert decode_dead_letter(outcome.line).value == values[2]
    assert msgspec.json.decode(writer.rows[101])["event_id"] == "a"
