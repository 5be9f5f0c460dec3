"""Raw Kafka records to columnar micro-batches: the first step of the jobs that write to Redis.

A vectorised function sees a whole Arrow batch. What it returns stands in the first rows of the result, NULL in the
others. Each result is a key (four bytes, what the next step is keyed by) and a body.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from clickstream import worker
from clickstream.columns import Columns
from clickstream.columns_decoder import ColumnsDecoder, DwdColumns, OdsColumns
from clickstream.config import KafkaSettings
from clickstream.config.kafka import Source
from clickstream.epoch import EpochCheck
from clickstream.events.decode import Limits
from clickstream.names import HeadMetric
from sinks.flink.weighed import PADDING
from udfs.elements import oldest, pack

Shape = Callable[[int, Columns], list[tuple[int, bytes]]]


@dataclass(frozen=True)
class Reading:
    """What is read. Plain data, pickled into the workers.

    Attributes:
        topic: its name.
        epoch: of that topic.
        limits: how far an event's time may lie from its receipt.
    """

    kafka: KafkaSettings
    source: Source
    topic: str
    epoch: int
    limits: Limits


class Decode(ScalarFunction):
    """value, partition, offset, timestamp, size (see sinks.flink.weighed) -> NULL, or a key and a body."""

    def __init__(self, reading: Reading, shape: Shape) -> None:
        self._reading = reading
        self._shape = shape

    def is_deterministic(self) -> bool:
        """No: it counts, so the planner must call it once a row."""
        return False

    def open(self, function_context: FunctionContext) -> None:
        """Tie this worker to its TaskManager, and check that the topic is still the one the job was built for."""
        worker.begin()
        reading = self._reading
        self._epoch = EpochCheck(reading.kafka, reading.topic, reading.epoch)
        self._epoch.require()
        ods = reading.source is Source.ODS
        self._columns: ColumnsDecoder = OdsColumns(reading.epoch, reading.limits) if ods else DwdColumns()
        group = function_context.get_metric_group()
        self._read = group.counter(HeadMetric.RECORDS_READ.value)
        self._rejected = group.counter(HeadMetric.ROWS_REJECTED.value)

    def eval(
        self, value: pd.Series, partition: pd.Series, offset: pd.Series, timestamp: pd.Series, size: pd.Series
    ) -> pd.Series:
        """Decode a batch. There are never more results than rows."""
        self._epoch.require()
        sizes = size.to_numpy(np.int64)
        values = value.tolist()
        for row in np.flatnonzero(sizes > 0).tolist():
            values[row] = None  # no event is that large: never looked into, rejected
        partitions, offsets = partition.to_numpy(np.int64), offset.to_numpy(np.int64)
        times = timestamp.dt.as_unit("ms").astype("int64").to_numpy()
        there = sizes != PADDING
        results: list[bytes | None] = []
        for read_from in np.unique(partitions).tolist():
            rows = np.flatnonzero(there & (partitions == read_from)).tolist()
            columns = self._columns.decode(read_from, [values[row] for row in rows], offsets[rows], times[rows])
            self._rejected.inc(len(rows) - len(columns))
            if len(columns):
                received_ms = oldest(columns)
                results += [pack(key, received_ms, body) for key, body in self._shape(read_from, columns)]
        self._read.inc(int(there.sum()))
        return pd.Series(results + [None] * (len(values) - len(results)), dtype=object)


def decode(reading: Reading, shape: Shape) -> UserDefinedScalarFunctionWrapper:
    """The function to use in a Table expression."""
    return udf(Decode(reading, shape), result_type=DataTypes.BYTES(), func_type="pandas")
