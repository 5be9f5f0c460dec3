"""The last step: a bucket's state is kept, and what changed in it is written at intervals.

Keyed by bucket. Flink's state of a bucket is a list of the parts that came lately and a map of entries; in memory
stands what they add up to. A part is appended to the list when it comes, which costs what the part weighs, however
large the bucket is; now and then the entries that changed are written and the list begins anew. After a failure the
bucket is made again from both.

While Redis is away, what it did not take waits in memory, one bucket tries again and again, and each part that comes is
held for a moment: the job holds Kafka back, yet bundles end, so checkpoints and metrics go through. After a restart
everything is written anyway.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, MapStateDescriptor

from clickstream import worker
from clickstream.clock import SystemClock
from clickstream.config import RedisSettings
from clickstream.kept import Bucket
from clickstream.names import KeepMetric
from sinks.redis.client import connect
from sinks.redis.writer import Queue, RedisWriter
from udfs.elements import NEVER_MS, body_of, received_of

logger = logging.getLogger(__name__)

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
RECORD = Types.ROW_NAMED(["key", "value"], [BYTES, BYTES])
_LEAST_BYTES = 64 * 1024
_FOLD_SECONDS = 60.0
_AGAIN_MS = 500
_HOLD_SECONDS = 0.005  # for each part while Redis is away; a bundle may have thousands, and a checkpoint waits for it


@dataclass(frozen=True)
class RedisTarget:
    """Where and how to write. Plain data, pickled into the workers; its text does not show the address."""

    url: str
    settings: RedisSettings

    def __repr__(self) -> str:
        return f"RedisTarget({self.settings!r})"


class _Kept:
    """A bucket in memory, and how its state in Flink differs from it."""

    def __init__(self, bucket: Bucket[Any]) -> None:
        self.bucket = bucket
        self.part_bytes = 0  # in the list
        self.entry_bytes: dict[str, int] = {}
        self.folded = time.monotonic()
        self.timer_ms: int | None = None
        self.unwritten: Sequence[Any] = ()
        self.received_ms = NEVER_MS  # the receipt of the oldest event that Redis does not show yet


class Keep(KeyedProcessFunction):
    """Packed parts of one bucket -> Redis, and records (key, value) for Kafka where the job has some."""

    def __init__(self, make: Callable[[], Bucket[Any]], target: RedisTarget, queue: Queue[Any]) -> None:
        self._make = make
        self._target = target
        self._queue = queue

    def open(self, runtime_context: RuntimeContext) -> None:
        """Reach for state. Redis is connected to by the first write."""
        worker.begin()
        self._parts = runtime_context.get_list_state(ListStateDescriptor("parts", BYTES))
        self._entries = runtime_context.get_map_state(MapStateDescriptor("entries", Types.STRING(), BYTES))
        self._buckets: dict[int, _Kept] = {}
        self._waiting: _Kept | None = None  # one whose writes Redis did not take
        self._clock = SystemClock()
        group = runtime_context.get_metrics_group()
        self._merged, self._written, self._retries, self._sent, self._stored, self._too_late = (
            group.counter(metric.value)
            for metric in (
                KeepMetric.PARTS_MERGED,
                KeepMetric.REDIS_WRITES,
                KeepMetric.REDIS_RETRIES,
                KeepMetric.RECORDS_SENT,
                KeepMetric.ENTRIES_STORED,
                KeepMetric.EVENTS_TOO_LATE,
            )
        )
        self._flushes = group.counter(KeepMetric.FLUSHES.value)
        self._flush_ms = group.counter(KeepMetric.FLUSH_MILLISECONDS.value)
        group.gauge(KeepMetric.WAITING_MILLISECONDS.value, self._waiting_ms)
        self._milliseconds = group.distribution(KeepMetric.REDIS_MILLISECONDS.value)
        target = self._target
        self._redis: RedisWriter[Any] = RedisWriter(
            lambda: connect(target.url, target.settings),
            self._queue,
            target.settings.policy,
            self._clock,
            self._retries.inc,
        )

    def close(self) -> None:
        """Disconnect."""
        self._redis.close()

    def process_element(self, value: bytes, ctx: KeyedProcessFunction.Context) -> None:
        """Merge a part, and make sure that a timer will write what it changed."""
        if self._waiting is not None:
            self._clock.sleep(_HOLD_SECONDS)
        kept = self._kept(ctx)
        part = body_of(value)
        if kept.bucket.apply(part, self._now_ms()):
            kept.received_ms = min(kept.received_ms, received_of(value))
        self._parts.add(part)
        kept.part_bytes += len(part)
        self._merged.inc()
        if kept.part_bytes > max(_LEAST_BYTES, sum(kept.entry_bytes.values()) // 4):
            self._fold(kept)
        self._schedule(kept, ctx)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        """Write what is due, or what Redis did not take before."""
        kept = self._kept(ctx)
        if kept.timer_ms is not None and timestamp < kept.timer_ms:
            return  # set before another one was
        kept.timer_ms = None
        if not self._write(kept):
            self._schedule(kept, ctx)
            return
        due = kept.bucket.due(self._now_ms())
        kept.unwritten = due.writes
        if self._write(kept):
            self._count_flush(kept)
        for key, value in due.records:
            yield Row(key.encode(), value.encode())
        self._sent.inc(len(due.records))
        self._too_late.inc(due.too_late)
        if due.settled or time.monotonic() > kept.folded + _FOLD_SECONDS or kept.bucket.next_due_ms(0) is None:
            self._fold(kept)
        self._schedule(kept, ctx)

    def _write(self, kept: _Kept) -> bool:
        """Try to write what a bucket has to be written; whether nothing is left of it."""
        if not kept.unwritten:
            return True
        if self._waiting not in (None, kept):
            return False  # one is enough to find out when Redis is back
        started, count = time.monotonic(), len(kept.unwritten)
        kept.unwritten = self._redis.write(kept.unwritten, 0.0)
        self._milliseconds.update(int((time.monotonic() - started) * 1000))
        self._written.inc(count - len(kept.unwritten))
        self._waiting = kept if kept.unwritten else None
        return not kept.unwritten

    def _count_flush(self, kept: _Kept) -> None:
        """Redis shows all that came by now, but for places whose own interval is not over."""
        if kept.received_ms != NEVER_MS:
            self._flushes.inc()
            self._flush_ms.inc(max(0, self._now_ms() - kept.received_ms))
            kept.received_ms = NEVER_MS

    def _waiting_ms(self) -> int:
        """For how long the oldest event that Redis does not show has been received; 0: it shows all."""
        oldest = min((kept.received_ms for kept in self._buckets.values()), default=NEVER_MS)
        return 0 if oldest == NEVER_MS else max(0, self._now_ms() - oldest)

    def _kept(self, ctx: KeyedProcessFunction.Context) -> _Kept:
        number = ctx.get_current_key()
        if number not in self._buckets:
            self._buckets[number] = self._load(_Kept(self._make()))
        return self._buckets[number]

    def _load(self, kept: _Kept) -> _Kept:
        now_ms = self._now_ms()
        for name, entry in self._entries.items():
            kept.bucket.load(name, entry)
            kept.entry_bytes[name] = len(entry)
        for part in self._parts.get():
            kept.bucket.apply(part, now_ms)
            kept.part_bytes += len(part)
        kept.bucket.restored(now_ms)
        return kept

    def _fold(self, kept: _Kept) -> None:
        """Store the entries that changed, and forget the parts that they hold now."""
        for name, entry in kept.bucket.changed_entries():
            if entry is None:
                self._entries.remove(name)
                kept.entry_bytes.pop(name, None)
            else:
                self._entries.put(name, entry)
                kept.entry_bytes[name] = len(entry)
                self._stored.inc()
        self._parts.clear()
        kept.part_bytes = 0
        kept.folded = time.monotonic()

    def _schedule(self, kept: _Kept, ctx: KeyedProcessFunction.Context) -> None:
        now_ms = self._now_ms()
        due_ms = now_ms + _AGAIN_MS if kept.unwritten else kept.bucket.next_due_ms(now_ms)
        if due_ms is None:
            return
        at_ms = max(due_ms, now_ms + 1)
        if kept.timer_ms is None or at_ms < kept.timer_ms:
            ctx.timer_service().register_processing_time_timer(at_ms)
            kept.timer_ms = at_ms

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)
