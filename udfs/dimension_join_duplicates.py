"""Second step of the join, keyed by ODS partition: events whose event_id was seen lately are removed."""

from collections.abc import Iterator

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor

from clickstream import worker
from clickstream.config import EventSettings
from clickstream.dimensions.micro_batch import MicroBatch
from clickstream.id_chunks import IdChunks
from clickstream.names import JoinMetric

REJECTS = OutputTag("rejects", Types.STRING())


class RemoveDuplicates(KeyedProcessFunction):
    """DECODED -> packed MicroBatch, never an empty one; packed rejects to the side output.

    Keyed state: the hashes of recent event_ids in chunks. What answers is in memory, one object for each partition that
    this subtask has, read from the state when the partition is met for the first time.
    """

    def __init__(self, events: EventSettings) -> None:
        self._horizon_ms = events.duplicate_seconds * 1000
        self._most = events.duplicate_ids

    def open(self, runtime_context: RuntimeContext) -> None:
        """Tie this worker to its TaskManager, get at the state."""
        worker.begin()
        self._state = runtime_context.get_map_state(
            MapStateDescriptor("event-ids", Types.LONG(), Types.PRIMITIVE_ARRAY(Types.BYTE()))
        )
        self._recent: dict[int, IdChunks] = {}
        self._removed = runtime_context.get_metrics_group().counter(JoinMetric.DUPLICATES.value)

    def process_element(self, value: Row, ctx: KeyedProcessFunction.Context) -> Iterator[object]:
        """Look at one micro-batch, or hand rejects on."""
        if value["rejects"] is not None:
            yield REJECTS, value["rejects"]
            return
        batch = MicroBatch.unpack(value["events"])
        if self._horizon_ms:
            batch = self._without_duplicates(ctx.get_current_key(), batch)
        if batch.lines:
            yield batch.pack()

    def _without_duplicates(self, partition: int, batch: MicroBatch) -> MicroBatch:
        if partition not in self._recent:
            self._recent[partition] = IdChunks(self._state, self._horizon_ms, self._most)
        duplicates = self._recent[partition].seen(batch.hashes, batch.times)
        self._removed.inc(int(duplicates.sum()))
        return batch.without(duplicates)
