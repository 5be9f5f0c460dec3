"""A worker's spool: many requests share one flush to disk, and what earlier workers left is sent first."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from clickstream.errors import StorageError
from collector.records import Record
from collector.sinks.sink import SinkUnavailableError
from collector.spool.frames import packed
from collector.spool.store import Store, sync_folder

CHUNK_RECORDS = 1_000
CHUNK_BYTES = 1024 * 1024


class Spool:
    """Holds records on disk, `most` bytes of them. Used from one event loop; its I/O runs in threads.

    Args:
        folder: of all workers' spools; each takes those that no living one has.
        most: bytes, of this worker.
        segment_bytes: of a file.

    Raises:
        StorageError: the folder cannot be used.
    """

    def __init__(self, folder: Path, most: int, segment_bytes: int) -> None:
        self._most = most
        self._pending: list[tuple[bytes, asyncio.Future[None]]] = []
        self._pending_bytes = 0
        self._flush: asyncio.Task[None] | None = None
        self._stores: list[Store] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())
            for number in names:
                if store := Store.claim(folder / str(number), segment_bytes):
                    self._stores.append(store)
            number = names[-1] + 1 if names else 1
            while not self._stores:
                if store := Store.claim(folder / str(number), segment_bytes):
                    self._stores.append(store)
                number += 1
            for each in (folder, folder.parent):
                sync_folder(each)
        except OSError as error:
            raise StorageError(
                f"{folder} (CLICKSTREAM_COLLECTOR_SPOOL_DIR) cannot be used: {error.strerror}: is it there, and ours?"
            ) from error

    @property
    def size(self) -> int:
        """On disk, or on the way there."""
        return sum(store.size for store in self._stores) + self._pending_bytes

    @property
    def empty(self) -> bool:
        """Whether nothing is left to be sent."""
        return not self.left

    @property
    def left(self) -> int:
        """Bytes that are not sent yet."""
        return self._pending_bytes + sum(store.left for store in self._stores)

    @property
    def full(self) -> bool:
        """Whether it takes nothing more."""
        return self.size >= self._most

    async def append(self, records: Sequence[Record]) -> None:
        """Return when the records are on disk.

        Raises:
            SinkUnavailableError: it is full, or the disk fails.
        """
        data = b"".join(map(packed, records))
        if self.size + len(data) > self._most:
            raise SinkUnavailableError("spool_full", f"the spool holds {self._most:,} bytes already")
        future = asyncio.get_running_loop().create_future()
        self._pending.append((data, future))
        self._pending_bytes += len(data)
        if self._flush is None:
            self._flush = asyncio.create_task(self._write())
        await future

    async def read(self) -> tuple[list[Record], Store, tuple[int, int]]:
        """The oldest records, where they are, and the position behind them."""
        store = next((each for each in self._stores if not each.empty), self._stores[-1])
        records, position = await asyncio.to_thread(store.read, CHUNK_RECORDS, CHUNK_BYTES)
        return records, store, position

    async def close(self) -> None:
        """Finish writing. What is not sent stays on disk."""
        if self._flush is not None:
            await self._flush
        for store in self._stores:
            store.close()

    async def _write(self) -> None:
        store = self._stores[-1]
        while self._pending:
            taken, self._pending = self._pending, []
            data = b"".join(each for each, _ in taken)
            failure: SinkUnavailableError | None = None
            try:
                await asyncio.to_thread(store.append, data)
            except OSError as error:
                failure = SinkUnavailableError("spool_failed", f"the spool cannot be written: {error.strerror}")
            self._pending_bytes -= len(data)
            for _, future in taken:
                if future.done():
                    continue
                if failure:
                    future.set_exception(failure)
                else:
                    future.set_result(None)
        self._flush = None
