"""The ClickHouse sink as one step of a Table program."""

from pyflink.common import Types
from pyflink.datastream import DataStream
from pyflink.table import StreamTableEnvironment, Table
from pyflink.table.expressions import col

from clickstream.config import DeadLetterSettings, KafkaSettings
from sinks.clickhouse.ingest import IngestConfig
from sinks.flink.insert import insert
from sinks.flink.uids import tell_apart
from sinks.flink.weighed import weighed


class ClickHouseSink:
    """Writes a Table of Kafka records into ClickHouse, and hands on what could not be written."""

    def __init__(
        self, config: IngestConfig, kafka: KafkaSettings, dead_letters: DeadLetterSettings, batch_rows: int = 10_000
    ) -> None:
        self._config = config
        self._kafka = kafka
        self._dead_letters = dead_letters
        self._batch_rows = batch_rows

    def write(self, tables: StreamTableEnvironment, records: Table) -> DataStream:
        """Attach the sink to a Table: value BYTES, partition INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3).

        The batch is the Arrow batch: `python.fn-execution.arrow.batch.size` and `bundle.size` rows, or what there is
        after `bundle.time`, or at a checkpoint; with large records fewer rows, so that it holds no more than about
        `batch_bytes` (see weighed.py).

        Returns:
            Packed micro-batches of outcomes: pass them to `sinks.flink.outcomes.keep`, or no dead letter is kept.
        """
        write = insert(self._config, self._kafka, self._dead_letters, self._batch_rows)
        unit = self._config.sink.batch_bytes // self._batch_rows
        arguments = (col(name) for name in ("value", "partition", "offset", "timestamp", "size"))
        light = weighed(tables, records, unit, self._config.largest_bytes)
        outcomes = tables.to_data_stream(
            light.select(write(*arguments).alias("outcome")).where(col("outcome").is_not_null)
        )
        tell_apart(outcomes._j_data_stream.getTransformation())
        return outcomes.map(lambda row: row[0], Types.STRING()).uid("outcomes").name("Outcomes")
