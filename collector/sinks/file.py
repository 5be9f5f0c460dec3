"""Files: JSON lines or Avro, on disk before the answer. The collector runs without Kafka with one of these."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clickstream.clock import Clock
from clickstream.errors import StorageError
from collector.records import Record
from collector.sinks.file_formats import AvroBlocks, JsonLines
from collector.sinks.rolling import RollingFile
from collector.sinks.sink import SinkUnavailableError

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What a sink is made of.

    Attributes:
        folder: of its files; made when it is not there.
        avro: events in Avro; else, and rejected events always, JSON lines.
        roll_bytes: a file that has them is done.
        roll_seconds: one that is so old is done.
        queue_records: held in memory at the most.
    """

    folder: Path
    avro: bool
    roll_bytes: int
    roll_seconds: float
    queue_records: int


class FileSink:
    """Appends to files; many requests share one flush to disk. Used from one event loop; its I/O runs in threads.

    Args:
        name: in the YAML file.
        options: what it is made of.
        clock: for the files' names and ages.

    Raises:
        StorageError: the folder cannot be used.
    """

    def __init__(self, name: str, options: FileOptions, clock: Clock) -> None:
        self.name, self._options = name, options
        try:
            options.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"sinks.{name}.folder: {options.folder} cannot be used: {error.strerror}") from error
        form, suffix = (AvroBlocks, "avro") if options.avro else (JsonLines, "jsonl")
        limits = (options.roll_bytes, options.roll_seconds, clock)
        self._events = RollingFile(options.folder, "events", suffix, form, *limits)
        self._rejected = RollingFile(options.folder, "rejected", "jsonl", JsonLines, *limits)
        self._pending: list[tuple[Sequence[Record], asyncio.Future[None]]] = []
        self._waiting = 0
        self._problem = ""
        self._work = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin writing."""
        self._writer = asyncio.create_task(self._write_for_ever())

    def problem(self) -> str:
        """Why the latest write failed. Forgotten after a second without one, so that it is tried again."""
        return self._problem

    def waiting(self) -> int:
        """Records that are not on disk yet."""
        return self._waiting

    async def write(self, records: Sequence[Record]) -> None:
        """Return when they are on disk.

        Raises:
            SinkUnavailableError: the disk fails, or is too slow.
        """
        if self._waiting + len(records) > self._options.queue_records:
            raise SinkUnavailableError("queue_full", "the disk takes events more slowly than they come")
        future = asyncio.get_running_loop().create_future()
        self._pending.append((records, future))
        self._waiting += len(records)
        self._work.set()
        await future

    async def close(self) -> None:
        """Write what waits, and give the files their final names."""
        while self._waiting:
            await asyncio.sleep(0.005)
        if self._writer:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        with contextlib.suppress(OSError):  # they keep their partial names, with all that was acknowledged
            await asyncio.to_thread(self._finish)

    async def _write_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._work.wait(), _CHECK_SECONDS)
            self._work.clear()
            taken, self._pending = self._pending, []
            failure = ""
            try:
                await asyncio.to_thread(self._append, [record for records, _ in taken for record in records])
            except Exception as error:
                why = error.strerror if isinstance(error, OSError) else type(error).__name__
                failure = f"{self._options.folder} cannot be written: {why}"
                if failure != self._problem:
                    logger.error("the file sink %s takes nothing: %s", self.name, failure)
            self._problem = failure
            for records, future in taken:
                self._waiting -= len(records)
                if future.done():
                    continue
                if failure:
                    future.set_exception(SinkUnavailableError("file_failed", failure))
                else:
                    future.set_result(None)

    def _append(self, records: Sequence[Record]) -> None:
        for of_rejected, file in ((False, self._events), (True, self._rejected)):
            if chosen := [record for record in records if record.rejected is of_rejected]:
                file.append(chosen)
            file.finish_if_old()

    def _finish(self) -> None:
        self._events.finish()
        self._rejected.finish()
