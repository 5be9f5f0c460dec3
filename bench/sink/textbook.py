"""The textbook PyFlink sink: single events, parsed one by one, buffered in keyed state, flushed at 10,000 rows or 15 s.

    flink run -py bench/sink/textbook.py

What most tutorials and answers come to: KafkaSource -> map(json) -> key_by -> KeyedProcessFunction with ListState and a
timer -> insert. At least once: a batch flushed after the last checkpoint is flushed again after a restart.
"""

import json
import os
import zlib
from collections.abc import Iterator

import clickhouse_connect
from pyflink.common import SimpleStringSchema, Types, WatermarkStrategy
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import KafkaOffsetsInitializer, KafkaSource
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from clickstream.config import ClickHouseSettings, KafkaSettings, resolve

ROWS = 10_000
SECONDS = 15


class BufferedInsert(KeyedProcessFunction):
    """Buffers rows in keyed state and inserts them."""

    def __init__(self, table: str, clickhouse: ClickHouseSettings) -> None:
        self._table = table
        self._clickhouse = clickhouse

    def open(self, runtime_context: RuntimeContext) -> None:
        """Connect."""
        node = self._clickhouse.cluster.nodes[0]
        self._client = clickhouse_connect.get_client(
            host=node.host, port=node.port, username=node.user, password=node.password, database=node.database
        )
        self._rows = runtime_context.get_list_state(ListStateDescriptor("rows", Types.STRING()))
        self._count = runtime_context.get_state(ValueStateDescriptor("count", Types.LONG()))

    def process_element(self, value: str, ctx: KeyedProcessFunction.Context) -> Iterator[object]:
        """Buffer one row."""
        count = (self._count.value() or 0) + 1
        if count == 1:
            timers = ctx.timer_service()
            timers.register_processing_time_timer(timers.current_processing_time() + SECONDS * 1000)
        self._rows.add(value)
        self._count.update(count)
        if count >= ROWS:
            self._flush()
        return iter(())

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[object]:
        """Insert what there is."""
        self._flush()
        return iter(())

    def _flush(self) -> None:
        rows = list(self._rows.get())
        if rows:
            self._client.raw_insert(self._table, insert_block="\n".join(rows).encode(), fmt="JSONEachRow")
        self._rows.clear()
        self._count.clear()


def to_row(value: str) -> str:
    """One event as a row."""
    event = json.loads(value)
    event["timestamp"] /= 1000
    if "received_at" in event:
        event["received_at"] /= 1000
    if "extra_data" in event:
        event["extra_data"] = json.dumps(event["extra_data"])
    return json.dumps(event)


def main() -> None:
    """Submit the job."""
    kafka = resolve(KafkaSettings)
    env = StreamExecutionEnvironment.get_execution_environment()
    source = (
        KafkaSource.builder()
        .set_bootstrap_servers(kafka.bootstrap)
        .set_topics(os.environ["BENCH_TOPIC"])
        .set_group_id("bench-textbook")
        .set_starting_offsets(KafkaOffsetsInitializer.earliest())
        .set_value_only_deserializer(SimpleStringSchema())
        .build()
    )
    buckets = int(os.environ.get("BENCH_PARALLELISM", "2"))
    (
        env.from_source(source, WatermarkStrategy.no_watermarks(), "Kafka")
        .map(to_row, Types.STRING())
        .key_by(lambda row: zlib.crc32(row.encode()) % buckets, Types.INT())
        .process(BufferedInsert(os.environ["BENCH_TABLE"], resolve(ClickHouseSettings)), Types.STRING())
        .print()
    )
    env.execute("bench-textbook")


if __name__ == "__main__":
    main()
