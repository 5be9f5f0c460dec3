"""First step of the join: an Arrow batch of Kafka values to micro-batches of valid events, and packed rejects."""

import numpy as np
import pandas as pd
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from clickstream import lifeline
from clickstream.config import KafkaSettings
from clickstream.dimensions.micro_batch import micro_batches, positioned
from clickstream.epoch import EpochCheck
from clickstream.events.decode import EventDecoder, Limits
from clickstream.events.model import Event
from clickstream.events.rejection import Rejection
from clickstream.names import JoinMetric
from sinks.clickhouse.ingest import Outcome, OutcomeKind
from sinks.dead_letters import Rejected, encode, kept
from sinks.flink.outcomes import pack

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
    """value, partition, offset, timestamp -> DECODED in the first rows of the batch, NULL partitions in the rest."""

    def __init__(self, kafka: KafkaSettings, epoch: int, limits: Limits) -> None:
        self._kafka = kafka
        self._epoch = epoch
        self._limits = limits

    def is_deterministic(self) -> bool:
        """No: a row's result depends on the batch that it is in."""
        return False

    def open(self, function_context: FunctionContext) -> None:
        """Tie this worker to its TaskManager, and check that the topic is still the one the job was built for."""
        lifeline.follow()
        self._check = EpochCheck(self._kafka, self._kafka.topic_behaviors, self._epoch)
        self._check.require()
        self._decoder = EventDecoder(Event, self._limits)
        group = function_context.get_metric_group()
        self._read, self._rejected = group.counter(JoinMetric.READ.value), group.counter(JoinMetric.REJECTED.value)

    def eval(self, value: pd.Series, partition: pd.Series, offset: pd.Series, timestamp: pd.Series) -> pd.DataFrame:
        """Decode a batch; within a partition the order is kept."""
        self._check.require()
        values, offsets = value.tolist(), offset.tolist()
        times = timestamp.dt.as_unit("ms").astype("int64").tolist()
        partitions = partition.to_numpy(np.int64)
        rows: list[_Row] = []
        for number in np.unique(partitions).tolist():
            rows += self._partition(number, np.flatnonzero(partitions == number).tolist(), values, offsets, times)
        self._read.inc(len(values))
        rows += [(None, None, None)] * (len(values) - len(rows))
        columns = zip(*rows, strict=True)
        names = [field.name for field in DECODED.fields]
        return pd.DataFrame(
            {name: pd.Series(list(column), dtype=object) for name, column in zip(names, columns, strict=True)}
        )

    def _partition(
        self, number: int, indices: list[int], values: list[bytes | None], offsets: list[int], times: list[int]
    ) -> list[_Row]:
        decoded = self._decoder.decode_batch([values[i] for i in indices], [times[i] for i in indices])
        events: list[Event] = []
        lines: list[bytes] = []
        record_ms: list[int] = []
        rejects: list[Outcome] = []
        for index, event in zip(indices, decoded, strict=True):
            if isinstance(event, Rejection):
                rejects.append(self._reject(event, number, offsets[index], times[index], values[index]))
            else:
                events.append(event)
                lines.append(positioned(event, self._epoch, number, offsets[index]))
                record_ms.append(times[index])
        self._rejected.inc(len(rejects))
        rows: list[_Row] = [(number, batch.pack(), None) for batch in micro_batches(events, lines, record_ms)]
        rows += [(number, None, packed) for packed in pack(rejects)]
        return rows

    def _reject(self, why: Rejection, partition: int, offset: int, record_ms: int, value: bytes | None) -> Outcome:
        record = Rejected(
            reason=why.reason,
            field=why.field,
            epoch=self._epoch,
            partition=partition,
            offset=offset,
            record_ms=record_ms,
            **kept(value),
        )
        return Outcome(OutcomeKind.REJECTED, encode(record))


def decode(kafka: KafkaSettings, epoch: int, limits: Limits) -> UserDefinedScalarFunctionWrapper:
    """The function to use in a Table expression."""
    return udf(Decode(kafka, epoch, limits), result_type=DECODED, func_type="pandas")
