"""First step of the join: an Arrow batch of Kafka values to micro-batches of valid events, and packed rejects."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from clickstream import worker
from clickstream.config import KafkaSettings
from clickstream.dimensions.micro_batch import Lines
from clickstream.epoch import EpochCheck
from clickstream.events.decode import AT_ONCE, EventDecoder, Limits
from clickstream.events.model import Event
from clickstream.events.rejection import Rejection
from clickstream.names import JoinMetric, RejectReason
from sinks.clickhouse.ingest import Outcome, OutcomeKind
from sinks.dead_letters import Rejected, encode, kept
from sinks.flink.outcomes import pack
from sinks.flink.weighed import PADDING

# Of one partition: packed MicroBatch, or else packed rejects.
DECODED = DataTypes.ROW(
    [
        DataTypes.FIELD("partition", DataTypes.INT()),
        DataTypes.FIELD("events", DataTypes.BYTES()),
        DataTypes.FIELD("rejects", DataTypes.STRING()),
    ]
)
_Row = tuple[int | None, bytes | None, str | None]


class Decode(ScalarFunction):
    """value, partition, offset, timestamp, size (see sinks.flink.weighed) -> DECODED, and NULLs behind it."""

    def __init__(self, kafka: KafkaSettings, epoch: int, limits: Limits) -> None:
        self._kafka = kafka
        self._epoch = epoch
        self._limits = limits

    def is_deterministic(self) -> bool:
        """No: a row's result depends on the batch that it is in."""
        return False

    def open(self, function_context: FunctionContext) -> None:
        """Tie this worker to its TaskManager, and check that the topic is still the one the job was built for."""
        worker.begin()
        self._check = EpochCheck(self._kafka, self._kafka.topic_behaviors, self._epoch)
        self._check.require()
        self._decoder = EventDecoder(Event, self._limits)
        group = function_context.get_metric_group()
        self._read, self._rejected = group.counter(JoinMetric.READ.value), group.counter(JoinMetric.REJECTED.value)

    def eval(
        self, value: pd.Series, partition: pd.Series, offset: pd.Series, timestamp: pd.Series, size: pd.Series
    ) -> pd.DataFrame:
        """Decode a batch; within a partition the order is kept."""
        self._check.require()
        sizes = size.to_numpy(np.int64)
        partitions = partition.to_numpy(np.int64)
        batch = _Batch(
            value.tolist(), offset.tolist(), timestamp.dt.as_unit("ms").astype("int64").tolist(), sizes.tolist()
        )
        there = sizes != PADDING
        rows: list[_Row] = []
        for number in np.unique(partitions).tolist():
            rows += self._partition(number, np.flatnonzero(there & (partitions == number)).tolist(), batch)
        self._read.inc(int(there.sum()))
        rows += [(None, None, None)] * (len(sizes) - len(rows))
        columns = zip(*rows, strict=True)
        names = [field.name for field in DECODED.fields]
        return pd.DataFrame(
            {name: pd.Series(list(column), dtype=object) for name, column in zip(names, columns, strict=True)}
        )

    def _partition(self, number: int, indices: list[int], batch: "_Batch") -> list[_Row]:
        lines = Lines(self._epoch, number)
        rejects: list[Outcome] = []
        for begin in range(0, len(indices), AT_ONCE):
            part = indices[begin : begin + AT_ONCE]
            # Of what is cut the beginning is never looked into: it may look like an event.
            values = [None if batch.sizes[i] else batch.values[i] for i in part]
            decoded = self._decoder.decode_batch(values, [batch.times[i] for i in part])
            events: list[Event] = []
            valid: list[int] = []
            for index, event in zip(part, decoded, strict=True):
                if isinstance(event, Rejection):
                    rejects.append(self._reject(event, number, index, batch))
                else:
                    events.append(event)
                    valid.append(index)
            lines.add(events, [batch.offsets[i] for i in valid], [batch.times[i] for i in valid])
        self._rejected.inc(len(rejects))
        rows: list[_Row] = [(number, micro.pack(), None) for micro in lines.micro_batches()]
        rows += [(number, None, packed) for packed in pack(rejects)]
        return rows

    def _reject(self, why: Rejection, partition: int, index: int, batch: "_Batch") -> Outcome:
        size = batch.sizes[index]
        reason = Rejection(RejectReason.TOO_LARGE) if size else why
        record = Rejected(
            reason=reason.reason,
            field=reason.field,
            epoch=self._epoch,
            partition=partition,
            offset=batch.offsets[index],
            record_ms=batch.times[index],
            size=size,
            **kept(batch.values[index]),
        )
        return Outcome(OutcomeKind.REJECTED, encode(record))


@dataclass(frozen=True, slots=True)
class _Batch:
    """One element for each row. `sizes` is not 0 where a record is larger than any event and its value is cut."""

    values: list[bytes | None]
    offsets: list[int]
    times: list[int]
    sizes: list[int]


def decode(kafka: KafkaSettings, epoch: int, limits: Limits) -> UserDefinedScalarFunctionWrapper:
    """The function to use in a Table expression."""
    return udf(Decode(kafka, epoch, limits), result_type=DECODED, func_type="pandas")
