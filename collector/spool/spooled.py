"""A sink with a spool in front: what the sink does not take goes to disk, and to the sink in its order later."""

import asyncio
import logging
from collections.abc import Sequence

from collector.metrics import Metrics
from collector.records import Record
from collector.sinks.sink import Sink, SinkRefusedError, SinkUnavailableError
from collector.spool.frames import packed
from collector.spool.spool import CHUNK_BYTES, Spool
from collector.spool.store import Store

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 0.3


class SpooledSink:
    """Writes through while the sink takes everything.

    From the first failure on all records go through the spool, until it is empty again: so a user's stay in order.

    Args:
        sink: behind the spool.
        spool: in front of it.
        metrics: counted in.
    """

    def __init__(self, sink: Sink, spool: Spool, metrics: Metrics) -> None:
        self.name, self._sink, self._spool, self._metrics = sink.name, sink, spool, metrics
        self._work = asyncio.Event()
        self._open = asyncio.Event()  # closed while the last of the spool is being sent: what comes waits for that
        self._open.set()
        self._drain: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin with what is on disk already."""
        await self._sink.start()
        self._work.set()
        self._drain = asyncio.create_task(self._drain_for_ever())

    def problem(self) -> str:
        """It takes events while there is room on disk."""
        return self._sink.problem() and ("the spool is full" if self._spool.full else "")

    def waiting(self) -> int:
        """Records in memory."""
        return self._sink.waiting()

    def spooled_bytes(self) -> int:
        """Bytes on disk that are not sent yet."""
        return self._spool.left

    async def write(self, records: Sequence[Record]) -> None:
        """Return when the sink has them, or the disk.

        Raises:
            SinkUnavailableError: neither takes them.
        """
        await self._open.wait()
        if self._spool.empty and not self._sink.problem():
            try:
                await self._sink.write(records)
                return
            except SinkRefusedError:
                raise
            except SinkUnavailableError as error:
                if error.reason == "queue_full":
                    raise
        await self._spool.append(records)
        self._metrics.spooled.inc(len(records))
        self._work.set()

    async def close(self) -> None:
        """Stop draining; the rest stays on disk."""
        if self._drain:
            self._drain.cancel()
            await asyncio.gather(self._drain, return_exceptions=True)
        await self._sink.close()
        await self._spool.close()

    async def _drain_for_ever(self) -> None:
        while True:
            await self._work.wait()
            try:
                if not await self._drained_some():
                    self._work.clear()
                    if not self._spool.empty:  # something came while the last look was taken
                        self._work.set()
            except SinkUnavailableError:
                await asyncio.sleep(_RETRY_SECONDS)
            except OSError as error:
                logger.error("the spool cannot be read: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _drained_some(self) -> bool:
        # Under a steady load something new is always there before the last is sent: so it waits then, and goes through.
        if self._spool.left <= CHUNK_BYTES and not self._sink.problem():
            self._open.clear()
        try:
            records, store, position = await self._spool.read()
            if not records:
                self._open.set()
                return False
            try:
                await self._sink.write(records)
            except SinkRefusedError:
                await self._one_by_one(records, store)
            await asyncio.to_thread(store.advance, position)
        except BaseException:
            self._open.set()
            raise
        if self._spool.empty:
            self._open.set()
        self._metrics.drained.inc(len(records))
        return True

    async def _one_by_one(self, records: Sequence[Record], store: Store) -> None:
        for record in records:
            try:
                await self._sink.write([record])
            except SinkRefusedError as error:
                logger.error("a spooled record is set aside in %s: %s", store.folder, error)
                await asyncio.to_thread(store.set_aside, packed(record))
                self._metrics.refused.inc()
