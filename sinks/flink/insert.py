"""The insert as a vectorised function: it sees a whole Arrow batch and returns when all of its rows are stored.

The function has a side effect, so it is declared non-deterministic: the planner then calls it exactly once a row, and
neither drops nor repeats it. Flink ends a bundle, and with it the Arrow batch, before every checkpoint barrier.
"""

import logging

import numpy as np
import pandas as pd
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from clickstream import worker
from clickstream.clock import SystemClock
from clickstream.config import DeadLetterSettings, KafkaSettings
from clickstream.epoch import EpochCheck
from sinks.alarm import Alarm
from sinks.clickhouse.ingest import Ingest, IngestConfig
from sinks.clickhouse.rows import Records
from sinks.flink.metrics import SinkMetrics
from sinks.flink.outcomes import pack
from sinks.flink.weighed import PADDING

logger = logging.getLogger(__name__)


class Insert(ScalarFunction):
    """value, partition, offset, timestamp, size -> NULL, or a packed micro-batch of outcomes (see outcomes.py)."""

    def __init__(self, config: IngestConfig, kafka: KafkaSettings, alarms: DeadLetterSettings, batch_rows: int) -> None:
        self._config = config
        self._kafka = kafka
        self._alarms = alarms
        self._batch_rows = batch_rows

    def is_deterministic(self) -> bool:
        """No: it writes."""
        return False

    def open(self, function_context: FunctionContext) -> None:
        """Tie this worker to its TaskManager, check that the topic is still the one the job was built for, connect."""
        worker.begin()
        self._epoch = EpochCheck(self._kafka, self._config.topic, self._config.rows.epoch)
        self._epoch.require()
        self._alarm = Alarm(self._alarms.alarm_urls, self._alarms.alarm_interval, SystemClock())
        self._ingest = Ingest(self._config, self._blocked)
        self._ingest.open()
        self._metrics = SinkMetrics(function_context.get_metric_group(), self._batch_rows, self._ingest.writer)

    def close(self) -> None:
        """Disconnect."""
        self._ingest.close()
        self._alarm.flush()

    def eval(
        self, value: pd.Series, partition: pd.Series, offset: pd.Series, timestamp: pd.Series, size: pd.Series
    ) -> pd.Series:
        """Store the batch; the outcomes stand in the first rows of the result."""
        self._epoch.require()
        sizes = size.to_numpy(np.int64)
        there = sizes != PADDING
        values = value.tolist()
        records = Records(
            values=values if there.all() else [values[row] for row in np.flatnonzero(there).tolist()],
            partitions=partition.to_numpy(np.int64)[there],
            offsets=offset.to_numpy(np.int64)[there],
            timestamps=timestamp.dt.as_unit("ms").astype("int64").to_numpy()[there],
            sizes=sizes[there],
        )
        packed: list[str] = []
        if len(records):
            done = self._ingest.ingest(records)
            self._metrics.update(len(values), len(records), done)
            packed = pack(done.outcomes)
        return pd.Series(packed + [None] * (len(values) - len(packed)), dtype=object)

    def _blocked(self, message: str) -> None:
        logger.error("the sink holds a batch: %s", message)
        self._alarm.raise_alarm("ClickHouse sink is blocked", message)


def insert(
    config: IngestConfig, kafka: KafkaSettings, alarms: DeadLetterSettings, batch_rows: int
) -> UserDefinedScalarFunctionWrapper:
    """The function to use in a Table expression."""
    return udf(Insert(config, kafka, alarms, batch_rows), result_type=DataTypes.STRING(), func_type="pandas")
