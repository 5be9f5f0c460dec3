"""The second step: what is repeated is dropped, the rest is pre-aggregated for the operator that keeps it.

Keyed by Kafka partition, so that each lane's order holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from clickstream import worker
from clickstream.columns import Columns, Lane
from clickstream.duplicates import Duplicates
from clickstream.names import HeadMetric
from clickstream.recent_ids import Mask
from clickstream.replay_filter import Reached, ReplayFilter
from udfs.elements import body_of, oldest, pack

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())


class PreAggregate(Protocol):
    """Makes the parts of a micro-batch. One instance a worker; what it remembers is gone after a restart."""

    def parts(self, columns: Columns, lanes: dict[Lane, Reached]) -> list[tuple[int, bytes]]:
        """Parts by bucket, of rows that are new and no duplicates. `lanes` says how far each lane has come."""


@dataclass(frozen=True)
class Horizon:
    """How far back duplicates are looked for; 0 ms: they were removed before."""

    duplicate_ms: int
    duplicate_ids: int


class _Partition:
    """What is known of one Kafka partition."""

    def __init__(self, number: int, horizon: Horizon) -> None:
        self.replays = ReplayFilter(number)
        self.duplicates = Duplicates(horizon.duplicate_ms, horizon.duplicate_ids) if horizon.duplicate_ms else None


class Survivors(KeyedProcessFunction):
    """Packed columns of one Kafka partition -> packed parts by bucket."""

    def __init__(self, horizon: Horizon, pre_aggregate: Callable[[], PreAggregate]) -> None:
        self._horizon = horizon
        self._make = pre_aggregate

    def open(self, runtime_context: RuntimeContext) -> None:
        """Reach for state. What it holds is read when a partition is first seen."""
        worker.begin()
        self._reached = runtime_context.get_state(ValueStateDescriptor("reached", BYTES))
        self._chunks = runtime_context.get_map_state(MapStateDescriptor("ids", Types.LONG(), BYTES))
        self._partitions: dict[int, _Partition] = {}
        self._pre_aggregate = self._make()
        group = runtime_context.get_metrics_group()
        self._replayed = group.counter(HeadMetric.REPLAYS_SKIPPED.value)
        self._repeated = group.counter(HeadMetric.DUPLICATES_REMOVED.value)
        self._kept = group.counter(HeadMetric.ROWS_KEPT.value)

    def process_element(self, value: bytes, ctx: KeyedProcessFunction.Context) -> Iterator[bytes]:
        """Judge a micro-batch; state is written within the call."""
        partition = self._partition(ctx.get_current_key())
        columns, new = partition.replays.sort(Columns.decode(body_of(value)))
        self._reached.update(partition.replays.encode())
        kept = new & ~self._duplicates(partition, columns, new)
        self._replayed.inc(int((~new).sum()))
        self._kept.inc(int(kept.sum()))
        lanes = {lane: partition.replays.lanes[lane] for lane in columns.lanes if lane in partition.replays.lanes}
        survivors = columns.where(kept)
        received_ms = oldest(survivors)
        for bucket, part in self._pre_aggregate.parts(survivors, lanes):
            yield pack(bucket, received_ms, part)

    def _duplicates(self, partition: _Partition, columns: Columns, new: Mask) -> Mask:
        if partition.duplicates is None or not len(columns):
            return np.zeros(len(columns), dtype=np.bool_)
        duplicate, chunks = partition.duplicates.seen(columns.ids, ~new, columns.received)
        for number, chunk in chunks.items():
            if chunk is None:
                self._chunks.remove(number)
            else:
                self._chunks.put(number, chunk)
        self._repeated.inc(int(duplicate.sum()))
        return duplicate

    def _partition(self, number: int) -> _Partition:
        if number not in self._partitions:
            partition = self._partitions[number] = _Partition(number, self._horizon)
            if reached := self._reached.value():
                partition.replays.load(reached)
            if partition.duplicates is not None:
                partition.duplicates.load(self._chunks.items())
        return self._partitions[number]
