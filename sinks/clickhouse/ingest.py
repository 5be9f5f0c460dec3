"""The whole of the sink for one micro-batch: records in, what became of those that are not in the table out.

    records -> decode -> replays out -> duplicates out -> write -> outcomes: rejects and dead letters

Stateless across restarts: whatever it remembers (horizons, event ids) it can read from the table again.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np

from clickstream.clock import Clock, SystemClock
from clickstream.dead_ratio import DeadRatio, least_share
from clickstream.errors import ContractError
from clickstream.events.rejection import Rejection
from clickstream.names import DeadLetterReason, RejectReason
from clickstream.recent_ids import RecentIds
from sinks.clickhouse.batch import Batch, DeadRow, Indices, Mask, Report
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.isolation import Sample
from sinks.clickhouse.lookups import Range
from sinks.clickhouse.rows import Records, RowFormat, Rows, require_key
from sinks.clickhouse.writer import Writer
from sinks.dead_letters.record import DeadLetter, Rejected, encode, kept


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """A sink and what it may refuse. Plain data, pickled into the workers.

    Attributes:
        topic: the topic that the records come from, for dead letters.
        duplicate_ms: an id seen within this time is a duplicate; 0: none is looked for.
        duplicate_ids: ids remembered for each partition at the most.
        largest_bytes: a larger record is rejected, and only its beginning is kept.
        dead_ratio: above this share of bad rows among `dead_ratio_rows` the job fails.
    """

    sink: ClickHouseSinkConfig
    rows: RowFormat
    topic: str
    duplicate_ms: int = 0
    duplicate_ids: int = 2_000_000
    largest_bytes: int = 1024 * 1024
    dead_ratio: float = 0.5
    dead_ratio_rows: int = 10_000

    def __post_init__(self) -> None:
        """Refuse rows that this sink could not route: see `require_key`."""
        require_key(self.rows, self.sink)


class OutcomeKind(StrEnum):
    """Which topic a record goes to."""

    REJECTED = "rejected"
    DEAD_LETTER = "dead_letter"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A record that is not in the table (or broke a view behind it), as one JSON line without its line break."""

    kind: OutcomeKind
    line: bytes


@dataclass(slots=True)
class Ingested:
    """What became of a micro-batch."""

    report: Report = field(default_factory=Report)
    outcomes: list[Outcome] = field(default_factory=list)
    rejected: int = 0
    duplicates: int = 0
    replays: int = 0
    write_seconds: float = 0.0  # until every row was stored or dead, retries included


class Ingest:
    """Ingests micro-batches; one instance a worker. Use as `open`, `ingest`..., `close`."""

    def __init__(self, config: IngestConfig, blocked: Callable[[str], None], clock: Clock | None = None) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self.writer = Writer(config.sink, blocked, self._clock, judge=self._judge_sample)
        self._ratio = DeadRatio(config.dead_ratio, config.dead_ratio_rows)
        self._read = self._expected = 0  # of the micro-batch: records, and how many of them are bad at the least
        self._recent: dict[int, RecentIds] = {}

    def open(self) -> None:
        """Connect; see Writer.open for what it checks."""
        self.writer.open()

    def close(self) -> None:
        """Disconnect."""
        self.writer.close()

    def ingest(self, records: Records) -> Ingested:
        """Store a micro-batch. When it returns, every record is in the table or among the outcomes, or was removed.

        Raises:
            ContractError: too many of the last rows were bad: the topic or the table is not what the job expects.
        """
        done = Ingested()
        rows = self._rows(records)
        self._read, self._expected = len(records), len(rows.rejected)
        batch = rows.batch
        if len(batch):
            read_from = records.partitions[batch.index]
            repeated, held = self.writer.sort(batch.positions, read_from)
            duplicate = self._duplicates(rows, read_from, repeated, held)
            done.replays = int((repeated | held).sum())
            done.duplicates = int(duplicate.sum())
            started = self._clock.monotonic()
            done.report = self.writer.write(batch.where(~(repeated | held | duplicate)))
            done.write_seconds = self._clock.monotonic() - started
        done.rejected = len(rows.rejected)
        done.outcomes = [self._rejected(records, index, why) for index, why in rows.rejected]
        done.outcomes += [self._dead(records, rows.batch, dead) for dead in done.report.dead]
        done.outcomes += [self._dead(records, rows.batch, dead) for dead in done.report.view_failures]
        self._judge(len(records), rows, done)
        return done

    def _rows(self, records: Records) -> Rows:
        """The rows of what came whole; the rest is rejected."""
        cut = np.flatnonzero(records.sizes).tolist() if records.sizes is not None else []
        if not cut:
            return self._config.rows.rows(records)
        values = list(records.values)
        for index in cut:
            values[index] = None  # never looked into: its beginning may look like something else
        rows = self._config.rows.rows(replace(records, values=values))
        too_large = dict.fromkeys(cut, Rejection(RejectReason.TOO_LARGE))
        return replace(rows, rejected=[(index, too_large.get(index, why)) for index, why in rows.rejected])

    def _duplicates(self, rows: Rows, read_from: Indices, repeated: Mask, held: Mask) -> Mask:
        duplicate = np.zeros(len(rows.batch), dtype=np.bool_)
        if rows.ids is None or not self._config.duplicate_ms:
            return duplicate
        for partition in np.unique(read_from).tolist():
            indices = np.flatnonzero(read_from == partition)
            recent = self._recent_of(partition, rows, indices)
            duplicate[indices] = recent.seen(rows.ids[indices], (repeated | held)[indices], rows.times[indices])
        return duplicate

    def _recent_of(self, partition: int, rows: Rows, indices: Indices) -> RecentIds:
        """The ids of a partition; when it is seen first, those that the table holds from just before."""
        if partition in self._recent:
            return self._recent[partition]
        config = self._config
        recent = self._recent[partition] = RecentIds(config.duplicate_ms, config.duplicate_ids)
        assert config.rows.id_column and config.rows.time_column
        first = int(rows.batch.positions.offsets[indices].min())
        epoch = int(rows.batch.positions.epochs[indices[0]])
        oldest_ms = max(0, int(rows.times[indices].min()) - config.duplicate_ms)
        if first:
            before = Range(epoch, partition, max(0, first - config.duplicate_ids), first - 1)
            ids, time = config.rows.id_column, config.rows.time_column
            recent.remember(*self.writer.run(self.writer.lookups.ids_in(ids, time, before, oldest_ms)))
        return recent

    def _judge(self, count: int, rows: Rows, done: Ingested) -> None:
        refused = [dead for dead in done.report.dead if dead.reason is DeadLetterReason.REFUSED]
        if self._ratio.add(count, done.rejected + len(refused)):
            reasons = Counter(f"{why.reason} {why.field}".rstrip() for _, why in rows.rejected)
            reasons.update(f"refused by the server, code {dead.code}" for dead in refused)
            raise self._too_many(f"{self._ratio}", f"most often {reasons.most_common(3)}")

    def _judge_sample(self, sample: Sample) -> None:
        """End a micro-batch of which a sample shows that it is above the limit: to try each row would take minutes."""
        self._expected += sample.dead + int(least_share(sample.refused, sample.tried) * sample.left)
        if self._ratio.exceeded_with(self._read, self._expected):
            raise self._too_many(
                f"{sample.refused} of {sample.tried} rows, drawn from {sample.left} that were refused together,",
                f"the server refuses them, code {sample.code}",
            )

    def _too_many(self, what: str, why: str) -> ContractError:
        return ContractError(
            f"{what} from {self._config.topic} are bad: more than the {self._config.dead_ratio:g} that "
            f"CLICKSTREAM_SINK_DEAD_RATIO allows; {why}. Check that the topic is the "
            f"right one and that {self._config.sink.table} has the columns (clickstream migrate). Nothing is lost: "
            "the job goes on from its last checkpoint"
        )

    def _rejected(self, records: Records, index: int, rejection: Rejection) -> Outcome:
        record = Rejected(
            reason=rejection.reason,
            field=rejection.field,
            epoch=self._config.rows.epoch,
            partition=int(records.partitions[index]),
            offset=int(records.offsets[index]),
            record_ms=int(records.timestamps[index]),
            size=0 if records.sizes is None else int(records.sizes[index]),
            **kept(records.values[index]),
        )
        return Outcome(OutcomeKind.REJECTED, encode(record))

    def _dead(self, records: Records, batch: Batch, dead: DeadRow) -> Outcome:
        index = dead.index
        row = int(np.searchsorted(batch.index, index))
        letter = DeadLetter(
            reason=dead.reason,
            code=dead.code,
            message=dead.message,
            attempts=dead.attempts,
            shard=dead.shard,
            node=dead.node,
            table=self._config.sink.table,
            epoch=int(batch.positions.epochs[row]),
            partition=int(batch.positions.partitions[row]),
            offset=int(batch.positions.offsets[row]),
            kafka_topic=self._config.topic,
            kafka_partition=int(records.partitions[index]),
            kafka_offset=int(records.offsets[index]),
            record_ms=int(records.timestamps[index]),
            failed_at=datetime.fromtimestamp(self._clock.now(), UTC),
            **kept(records.values[index]),
        )
        return Outcome(OutcomeKind.DEAD_LETTER, encode(letter))
