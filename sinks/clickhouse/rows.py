"""From Kafka values to rows of a table. Another table needs another RowFormat, nothing else of the sink."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from clickstream.config.kafka import Source
from clickstream.config.sink import Routing
from clickstream.errors import ConfigurationError
from clickstream.events.decode import AT_ONCE, PARSE_ERRORS, EventDecoder, Limits, rejection_of
from clickstream.events.model import POSITION_NAMES, EnrichedEvent
from clickstream.events.rejection import Rejection
from clickstream.events.row import Row, encode_enriched_rows, encode_rows
from clickstream.names import RejectReason
from clickstream.recent_ids import Hashes, hashes_of
from sinks.clickhouse.batch import Batch, Positions
from sinks.clickhouse.config import ClickHouseSinkConfig

Integers = npt.NDArray[np.int64]
T = TypeVar("T")

POSITION_COLUMNS = frozenset(POSITION_NAMES.values())

# Values of JsonRows stay as they were sent: a Decimal column holds more digits than a float64.
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STRING = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class Records:
    """n Kafka records of one topic: values (None: a tombstone), and for each its place and its timestamp in ms.

    Attributes:
        sizes: bytes of each value of which only the beginning is here, because it is larger than allowed; else 0.
    """

    values: Sequence[bytes | None]
    partitions: Integers
    offsets: Integers
    timestamps: Integers
    sizes: Integers | None = None

    def __len__(self) -> int:
        return len(self.values)

    def parts(self, most: int) -> Iterator["Records"]:
        """The records in their order, so many at a time."""
        for begin in range(0, len(self), most):
            part = slice(begin, begin + most)
            yield Records(
                self.values[part],
                self.partitions[part],
                self.offsets[part],
                self.timestamps[part],
                None if self.sizes is None else self.sizes[part],
            )


@dataclass(frozen=True, slots=True)
class Rows:
    """What a RowFormat makes of n records.

    Attributes:
        batch: the valid ones; `batch.index` points into the records.
        rejected: the others, by their index.
        ids: for each row of the batch the hash of its id, where duplicates are to be removed here; else None.
        times: for each row of the batch the time that the duplicates' horizon is measured by, in ms.
    """

    batch: Batch
    rejected: list[tuple[int, Rejection]]
    ids: Hashes | None
    times: Integers

    @staticmethod
    def joined(parts: "Sequence[Rows]", records: Sequence[int]) -> "Rows":
        """What was made of the records part by part; `records` says how many each part had."""
        begins = np.cumsum([0, *records[:-1]])
        batch = Batch(
            b"".join([part.batch.body for part in parts]),
            Positions.joined([part.batch.positions for part in parts]),
            [key for part in parts for key in part.batch.keys],
            np.concatenate([part.batch.index + begin for part, begin in zip(parts, begins, strict=True)]),
        )
        rejected = [
            (index + int(begin), why) for part, begin in zip(parts, begins, strict=True) for index, why in part.rejected
        ]
        ids = [part.ids for part in parts if part.ids is not None]
        return Rows(
            batch, rejected, np.concatenate(ids) if ids else None, np.concatenate([part.times for part in parts])
        )


class RowFormat(Protocol):
    """Decodes records into rows. Plain data: it is pickled into the workers."""

    @property
    def epoch(self) -> int:
        """First part of the position of what is read from this topic; see clickstream.kafka.topic_epoch."""

    @property
    def id_column(self) -> str | None:
        """The table's column that holds the id by which duplicates are found; None: they are not looked for."""

    @property
    def time_column(self) -> str | None:
        """The table's column that the duplicates' horizon is measured by."""

    def rows(self, records: Records) -> Rows:
        """Decode a micro-batch. Every record ends up in the batch or among the rejected."""


@dataclass(frozen=True)
class BehaviorRows:
    """Behaviour events, from the ODS topic (duplicates are removed here) or from DWD (they were).

    Attributes:
        source: which topic is read.
        epoch: of the ODS topic: the first part of the position of what is read from it.
        limits: how far an event's time may lie from its receipt.
    """

    source: Source
    epoch: int
    limits: Limits = Limits()

    @property
    def id_column(self) -> str | None:
        """ODS: the event_id."""
        return "event_id" if self.source is Source.ODS else None

    @property
    def time_column(self) -> str | None:
        """ODS: the time of receipt."""
        return "received_at" if self.source is Source.ODS else None

    def rows(self, records: Records) -> Rows:
        """Decode and check every event."""
        make = self._ods() if self.source is Source.ODS else self._dwd()
        if len(records) <= AT_ONCE:
            return make(records)
        parts = list(records.parts(AT_ONCE))
        return Rows.joined([make(part) for part in parts], [len(part) for part in parts])

    def _ods(self) -> Callable[[Records], Rows]:
        decoder = EventDecoder(Row, self.limits, reserved=POSITION_COLUMNS)

        def rows(records: Records) -> Rows:
            events, index, rejected = _sorted_out(decoder.decode_batch(records.values, records.timestamps.tolist()))
            partitions, offsets = records.partitions[index], records.offsets[index]
            ids = hashes_of([event.event_id for event in events])
            received = np.fromiter((event.received_at or 0 for event in events), dtype=np.int64, count=len(events))
            # A time of receipt in the future would make every id that is remembered look old.
            times = np.minimum(received, records.timestamps[index])
            keys = [event.user_id for event in events]
            body = encode_rows(events, self.epoch, partitions.tolist(), offsets.tolist())
            epochs = np.full(len(events), self.epoch, dtype=np.uint64)
            positions = Positions(epochs, partitions.astype(np.uint64), offsets.astype(np.uint64))
            return Rows(Batch(body, positions, keys, index), rejected, ids, times)

        return rows

    def _dwd(self) -> Callable[[Records], Rows]:
        decoder = EventDecoder(EnrichedEvent, self.limits)

        def rows(records: Records) -> Rows:
            events, index, rejected = _sorted_out(decoder.decode_batch(records.values, records.timestamps.tolist()))
            positions = Positions.of(
                [event.epoch for event in events],
                [event.partition for event in events],
                [event.offset for event in events],
            )
            keys = [event.user_id for event in events]
            body = encode_enriched_rows(events)
            return Rows(Batch(body, positions, keys, index), rejected, None, records.timestamps[index])

        return rows


@dataclass(frozen=True)
class JsonRows:
    """JSON objects whose keys are a table's columns, as they come; the table adds the columns of the position.

    Attributes:
        epoch: of the topic that is read: see clickstream.kafka.topic_epoch.
        key: the field that hash routing goes by; empty: such routing is not used (see `require_key`).
    """

    epoch: int
    key: str = ""
    id_column: str | None = None
    time_column: str | None = None

    def rows(self, records: Records) -> Rows:
        """Keep what is a JSON object; the server judges its fields."""
        decoded = [
            self._row(*record)
            for record in zip(records.values, records.partitions.tolist(), records.offsets.tolist(), strict=True)
        ]
        kept, index, rejected = _sorted_out(decoded)
        positions = Positions(
            np.full(len(kept), self.epoch, dtype=np.uint64),
            records.partitions[index].astype(np.uint64),
            records.offsets[index].astype(np.uint64),
        )
        batch = Batch.of([row for row, _ in kept], positions, [key for _, key in kept], index)
        return Rows(batch, rejected, None, records.timestamps[index])

    def _row(self, value: bytes | None, partition: int, offset: int) -> tuple[bytes, str] | Rejection:
        if value is None:
            return Rejection(RejectReason.TOMBSTONE)
        try:
            value.decode()  # what is not looked into below is not checked there either
            fields = _FIELDS.decode(value)
            key = _STRING.decode(fields[self.key]) if self.key and self.key in fields else ""
        except msgspec.ValidationError as error:
            rejection = rejection_of(error, value)
            not_an_object = rejection.reason is RejectReason.NOT_AN_OBJECT
            return rejection if not_an_object else Rejection(RejectReason.WRONG_TYPE, self.key)
        except PARSE_ERRORS as error:
            return rejection_of(error, value)
        if self.key and self.key not in fields:
            return Rejection(RejectReason.MISSING_FIELD, self.key)
        row = msgspec.json.encode({**fields, "_epoch": self.epoch, "_partition": partition, "_offset": offset})
        return row.replace(b"\n", b" "), key  # a line break in JSON is white space: in a text it is escaped


def require_key(rows: RowFormat, sink: ClickHouseSinkConfig) -> None:
    """Refuse hash routing over several shards of rows that have no key: one shard would get them all.

    Raises:
        ConfigurationError: says how to name the key.
    """
    by_hash = sink.routing is Routing.SHARDING_KEY_HASH and len(sink.cluster.shards) > 1
    if by_hash and isinstance(rows, JsonRows) and not rows.key:
        raise ConfigurationError(
            f"routing {Routing.SHARDING_KEY_HASH} sends each row to the shard of its key, but no key is named: one of "
            f"the {len(sink.cluster.shards)} shards would get every row of {sink.table}. Name the field in JsonRows("
            "epoch, key=...), or with --key in `clickstream replay-dlq --json`, or set another CLICKSTREAM_SINK_ROUTING"
        )


def _sorted_out(decoded: Sequence[T | Rejection]) -> tuple[list[T], Integers, list[tuple[int, Rejection]]]:
    """What was decoded, the indices of that, and the rejections with theirs."""
    kept = [each for each in decoded if not isinstance(each, Rejection)]
    if len(kept) == len(decoded):
        return kept, np.arange(len(decoded)), []
    rejected = [(index, each) for index, each in enumerate(decoded) if isinstance(each, Rejection)]
    return kept, np.delete(np.arange(len(decoded)), [index for index, _ in rejected]), rejected
