"""The sink's numbers as Flink user metrics: names in clickstream.names.SinkMetric, shown under each subtask."""

from typing import Any

from clickstream.names import SinkMetric
from sinks.clickhouse.ingest import Ingested
from sinks.clickhouse.writer import Writer


class SinkMetrics:
    """Counters and distributions of one subtask. Milliseconds and rows are distributions over Flink's window."""

    def __init__(self, group: Any, batch_rows: int, writer: Writer) -> None:
        self._batch_rows = batch_rows
        self._counters = {metric: group.counter(metric.value) for metric in SinkMetric if metric not in _NOT_COUNTED}
        self._rows_per_batch = group.distribution(SinkMetric.ROWS_PER_BATCH.value)
        self._write_ms = group.distribution(SinkMetric.WRITE_MILLISECONDS.value)
        group.gauge(SinkMetric.UNHEALTHY_NODES.value, lambda: len(writer.unhealthy))
        for shard in writer.cluster.shards:
            shown = group.add_group("shard", str(shard.number + 1))
            shown.gauge(SinkMetric.HEALTHY_REPLICAS.value, lambda shard=shard: writer.healthy_replicas(shard))

    def update(self, weight: int, records: int, done: Ingested) -> None:
        """Count a batch of so many records, which weighs as much as `weight` small ones (see weighed.py)."""
        report = done.report
        if report.inserts:
            self._rows_per_batch.update(report.written)
            self._write_ms.update(int(done.write_seconds * 1000))
        full = weight >= self._batch_rows
        by_bytes = full and weight > records
        counts = {
            SinkMetric.WRITES: int(report.inserts > 0),
            SinkMetric.WRITE_MILLISECONDS_TOTAL: int(done.write_seconds * 1000) if report.inserts else 0,
            SinkMetric.ROWS_WRITTEN: report.written + report.found,
            SinkMetric.ROWS_REJECTED: done.rejected,
            SinkMetric.ROWS_DEAD: len(report.dead),
            SinkMetric.DUPLICATES_REMOVED: done.duplicates,
            SinkMetric.REPLAYS_SKIPPED: done.replays,
            SinkMetric.RETRIES: report.retries,
            SinkMetric.FAIL_OVERS: report.fail_overs,
            SinkMetric.BATCHES_BY_BYTES: report.parts_by_bytes + by_bytes,
            SinkMetric.BATCHES_BY_SIZE: int(full and not by_bytes),
            SinkMetric.BATCHES_BY_TIME: int(not full),
        }
        for metric, count in counts.items():
            # Zeros too: Flink lists a counter of Python's once it was counted within a bundle, and a chart needs it.
            self._counters[metric].inc(count)


_NOT_COUNTED = {
    SinkMetric.ROWS_PER_BATCH,
    SinkMetric.WRITE_MILLISECONDS,
    SinkMetric.UNHEALTHY_NODES,
    SinkMetric.HEALTHY_REPLICAS,
}
