"""The steps as parts of a job: the same for every job that writes to Redis."""

from collections.abc import Callable
from typing import Any

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedStream
from pyflink.table import StreamTableEnvironment, Table
from pyflink.table.expressions import col

from clickstream.events.model import LARGEST_EVENT_BYTES
from clickstream.kept import Bucket
from sinks.flink.uids import tell_apart
from sinks.flink.weighed import UNIT, weighed
from sinks.redis.writer import Queue
from udfs.decode import Reading, Shape, decode
from udfs.elements import key_of
from udfs.keep import BYTES, RECORD, Keep, RedisTarget
from udfs.survivors import Horizon, PreAggregate, Survivors


def micro_batches(tables: StreamTableEnvironment, records: Table, reading: Reading, shape: Shape) -> DataStream:
    """A Table of Kafka records as packed micro-batches: key and body, see udfs.decode."""
    light = weighed(tables, records, UNIT, LARGEST_EVENT_BYTES)
    arguments = (col(name) for name in ("value", "partition", "offset", "timestamp", "size"))
    packed = light.select(decode(reading, shape)(*arguments).alias("packed")).where(col("packed").is_not_null)
    batches = tables.to_data_stream(packed)
    tell_apart(batches._j_data_stream.getTransformation())
    return batches.map(lambda row: row[0], BYTES).uid("micro-batches").name("Micro-batches")


def survivors(
    batches: DataStream, reading: Reading, horizon: Horizon, pre_aggregate: Callable[[], PreAggregate]
) -> DataStream:
    """Drop replays and duplicates, pre-aggregate the rest.

    The epoch is part of the uid: positions of a topic that was deleted are never restored onto its successor.
    """
    return (
        _keyed(batches, "by-partition")
        .process(Survivors(horizon, pre_aggregate), BYTES)
        .uid(f"survivors-{reading.epoch:08x}")
        .name("Replays and duplicates out, pre-aggregated")
    )


def keep(
    parts: DataStream, reading: Reading, make: Callable[[], Bucket[Any]], target: RedisTarget, queue: Queue[Any]
) -> DataStream:
    """Keep the parts by bucket, and write to Redis; what comes out are records (key, value) for Kafka."""
    return (
        _keyed(parts, "by-bucket")
        .process(Keep(make, target, queue), RECORD)
        .uid(f"keep-{reading.epoch:08x}")
        .name("Kept by bucket, written to Redis")
    )


def _keyed(stream: DataStream, uid: str) -> KeyedStream:
    """Keyed by what stands in front of each element. PyFlink puts in an operator that has no method for its uid."""
    keyed = stream.key_by(key_of, Types.INT())
    keyed._j_data_stream.getTransformation().getInputs().get(0).setUid(uid)
    return keyed
