"""Third step of the join: micro-batches of events wait for their dimensions, in their order."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from pyflink.common import Row, Types
from pyflink.datastream import AsyncFunction, RuntimeContext

from clickstream import worker
from clickstream.clock import SystemClock
from clickstream.config import DeadLetterSettings, DimensionSettings
from clickstream.dimensions.cache import DimensionCache
from clickstream.dimensions.declaration import Dimension, Dimensions
from clickstream.dimensions.join import Joined, Joiner
from clickstream.dimensions.lookup import Lookup, Patience
from clickstream.dimensions.micro_batch import MicroBatch
from clickstream.dimensions.mysql import MySqlConnections, MySqlPool
from clickstream.dimensions.rows import RowError, RowReader
from sinks.alarm import Alarm
from udfs.dimension_join_metrics import show

logger = logging.getLogger(__name__)

RECORD = Types.ROW_NAMED(["key", "value"], [Types.PRIMITIVE_ARRAY(Types.BYTE()), Types.PRIMITIVE_ARRAY(Types.BYTE())])
JOINED = Types.ROW_NAMED(["records"], [Types.OBJECT_ARRAY(RECORD)])


class JoinDimensions(AsyncFunction):
    """Packed MicroBatch -> JOINED: Kafka records of the DWD topic.

    Never fails because of MySQL: an event goes on when its dimensions are there, or without them when its time is up.
    """

    def __init__(
        self,
        declared: Dimensions,
        connections: MySqlConnections,
        settings: DimensionSettings,
        alarms: DeadLetterSettings,
    ) -> None:
        self._declared = declared
        self._connections = connections
        self._settings = settings
        self._alarms = alarms

    def open(self, runtime_context: RuntimeContext) -> None:
        """Prepare; connections are made by the event loop that uses them, which does not run yet."""
        worker.begin()
        self._clock = SystemClock()
        self._alarm = Alarm(self._alarms.alarm_urls, self._alarms.alarm_interval, self._clock)
        self._pool = MySqlPool(self._connections)
        lookups = {dimension.name: self._lookup(dimension) for dimension in self._declared.dimensions}
        self._joiner = Joiner(self._declared, lookups, self._clock)
        show(runtime_context.get_metrics_group(), self._joiner, lookups)

    def close(self) -> None:
        """The event loop is gone by now, and connections end with the worker; alarms are delivered."""
        self._alarm.flush()

    async def async_invoke(self, value: bytes) -> list[Row]:
        """Join one micro-batch."""
        try:
            return [_row(await self._join(MicroBatch.unpack(value).lines))]
        except Exception as error:  # raised, it would put all events into the log
            worker.end(f"a micro-batch cannot be read: {worker.place_of(error)}")

    def timeout(self, value: bytes) -> list[Row]:
        """Let the micro-batch go on as it is: something held up the event loop itself."""
        try:
            lines = MicroBatch.unpack(value).lines
            logger.error("a micro-batch of %d events goes on without dimensions: its time is up", len(lines))
            return [_row(self._joiner.without(lines))]
        except Exception as error:  # as above
            worker.end(f"a micro-batch cannot be read: {worker.place_of(error)}")

    async def _join(self, lines: Sequence[bytes]) -> Joined:
        try:
            return await self._joiner.join(lines, self._settings.timeout)
        except (Exception, asyncio.CancelledError) as error:
            where = worker.place_of(error)
            logger.error("a micro-batch of %d events goes on without dimensions: %s", len(lines), where)
            return self._joiner.without(lines)

    def _lookup(self, dimension: Dimension) -> Lookup:
        settings = self._settings
        reader = RowReader(dimension, self._declared.carried(dimension.name))
        unusable = partial(self._unusable, dimension.name)
        return Lookup(
            dimension.name,
            partial(self._pool.fetch, dimension, reader, unusable),
            DimensionCache(dimension.size, dimension.ttl_seconds, dimension.negative_ttl_seconds),
            Patience(settings.query_timeout, settings.pause),
            self._clock,
            self._failed,
        )

    def _failed(self, dimension: str, error: Exception) -> None:
        address = self._connections.address
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self._alarm.raise_alarm(
            f"Dimension {dimension} cannot be joined",
            f"MySQL at {address} gives no answer: {why[:500]}. Events go on: with rows that are remembered, else with "
            f"{dimension} in dim_missing. Later ones are joined when MySQL answers again; nothing needs a restart.",
        )

    def _unusable(self, dimension: str, error: RowError) -> None:
        self._alarm.raise_alarm(
            f"Dimension {dimension} has rows that cannot be used",
            f"{error}. Such a row counts as not there: correct it, or the declaration of the dimension.",
        )


def _row(joined: Joined) -> Row:
    # Positional: rows with named fields take three times as long.
    return Row([Row(key, value) for key, value in zip(joined.keys, joined.values, strict=True)])
