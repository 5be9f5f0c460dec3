"""Micro-batches buffered in keyed state: the other way to be exact, against which the stateless sink was chosen.

    flink run -py bench/sink/keyed_buffer.py

The same decoding, rows, writer and insert as the job's; between decoding and insert the rows of a micro-batch wait in
ListState until there are 10,000 or 15 s are over. See docs/adr.
"""

import os
import zlib
from collections.abc import Iterator

import msgspec
import numpy as np
import pandas as pd
from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor
from pyflink.table import DataTypes
from pyflink.table.expressions import col
from pyflink.table.udf import ScalarFunction, udf

from clickstream.config import ClickHouseSettings, KafkaSettings, SinkSettings, resolve
from clickstream.config.kafka import Source
from clickstream.epoch import current_epoch
from pyflink_jobs._runtime import MicroBatches, environment, kafka_records
from sinks.clickhouse.batch import Batch, Positions
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.rows import BehaviorRows, Records
from sinks.clickhouse.writer import Writer

ROWS = 10_000
SECONDS = 15


class Decode(ScalarFunction):
    """value, partition, offset, timestamp -> a micro-batch of rows, in the first row."""

    def __init__(self, rows: BehaviorRows) -> None:
        self._format = rows

    def eval(self, value: pd.Series, partition: pd.Series, offset: pd.Series, timestamp: pd.Series) -> pd.Series:
        """Decode the batch."""
        records = Records(
            value.tolist(),
            partition.to_numpy(np.int64),
            offset.to_numpy(np.int64),
            timestamp.dt.as_unit("ms").astype("int64").to_numpy(),
        )
        batch = self._format.rows(records).batch
        packed = msgspec.json.encode(
            (batch.positions.partitions.tolist(), batch.positions.offsets.tolist(), batch.keys)
        )
        return pd.Series([packed + b"\n" + batch.body] + [None] * (len(records) - 1), dtype=object)


class Buffer(KeyedProcessFunction):
    """Keeps micro-batches until it is time to write."""

    def __init__(self, config: ClickHouseSinkConfig, epoch: int) -> None:
        self._config = config
        self._epoch = epoch

    def open(self, runtime_context: RuntimeContext) -> None:
        """Connect."""
        self._writer = Writer(self._config)
        self._writer.open()
        self._batches = runtime_context.get_list_state(
            ListStateDescriptor("batches", Types.PRIMITIVE_ARRAY(Types.BYTE()))
        )
        self._rows = runtime_context.get_state(ValueStateDescriptor("rows", Types.LONG()))

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()

    def process_element(self, value: bytes, ctx: KeyedProcessFunction.Context) -> Iterator[object]:
        """Buffer a micro-batch."""
        rows = self._rows.value() or 0
        if not rows:
            timers = ctx.timer_service()
            timers.register_processing_time_timer(timers.current_processing_time() + SECONDS * 1000)
        rows += bytes(value).count(b"\n")
        self._batches.add(value)
        self._rows.update(rows)
        if rows >= ROWS:
            self._flush()
        return iter(())

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[object]:
        """Write what there is."""
        self._flush()
        return iter(())

    def _flush(self) -> None:
        for packed in self._batches.get():
            head, *rows = bytes(packed).split(b"\n")
            partitions, offsets, keys = msgspec.json.decode(head)
            positions = Positions.of([self._epoch] * len(rows), partitions, offsets)
            self._writer.write(Batch.of(rows, positions, keys))
        self._batches.clear()
        self._rows.clear()


def main() -> None:
    """Submit the job."""
    kafka, topic = resolve(KafkaSettings), os.environ["BENCH_TOPIC"]
    epoch = current_epoch(kafka, topic)
    env, tables = environment(MicroBatches(ROWS, 1.0))
    decode = udf(Decode(BehaviorRows(Source.ODS, epoch)), result_type=DataTypes.BYTES(), func_type="pandas")
    records = kafka_records(tables, kafka, topic, "bench-keyed-buffer", epoch)
    batches = records.select(decode(col("value"), col("partition"), col("offset"), col("timestamp")).alias("batch"))
    config = ClickHouseSinkConfig.of(resolve(ClickHouseSettings), resolve(SinkSettings))
    parallelism = int(os.environ.get("BENCH_PARALLELISM", "2"))
    (
        tables.to_data_stream(batches.where(col("batch").is_not_null))
        .map(lambda row: row[0], Types.PRIMITIVE_ARRAY(Types.BYTE()))
        .key_by(lambda batch: zlib.crc32(batch[:64]) % parallelism, Types.INT())
        .process(Buffer(config, epoch), Types.STRING())
        .print()
    )
    env.execute("bench-keyed-buffer")


if __name__ == "__main__":
    main()
