"""Files that grow under a name of their own until they are large or old, and get their final name then."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from clickstream.clock import Clock
from collector.records import Record
from collector.sinks.file_formats import Format

PARTIAL = ".partial"


class RollingFile:
    """One series of files in a folder. Its methods block; for one thread at a time.

    A file is called PREFIX-TIME-CHANCE.SUFFIX.partial while it grows, and the same without .partial when it is done: so
    several workers and collectors share a folder, and whoever takes finished files away never takes half a one. The one
    of a process that was killed stays partial, with everything that was acknowledged in it.

    Args:
        folder: is there.
        prefix: of the names.
        suffix: the same, without a dot.
        form: how records stand in a file.
        most_bytes: a file that has them is done.
        seconds: one that is so old is done.
        clock: for that.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each of them is one thing
        self,
        folder: Path,
        prefix: str,
        suffix: str,
        form: Callable[[BinaryIO], Format],
        most_bytes: int,
        seconds: float,
        clock: Clock,
    ) -> None:
        self._folder, self._prefix, self._suffix, self._form = folder, prefix, suffix, form
        self._most_bytes, self._seconds, self._clock = most_bytes, seconds, clock
        self._file: BinaryIO | None = None
        self._format: Format | None = None
        self._path = folder
        self._opened = 0.0

    def append(self, records: Sequence[Record]) -> None:
        """Write records, and return when they are on disk.

        Raises:
            OSError: they may be, or may not: they are to be written again.
        """
        try:
            if self._file is None or self._format is None:
                self._open()
            assert self._file is not None
            assert self._format is not None
            self._format.append(records)
            self._file.flush()
            os.fdatasync(self._file.fileno())
        except BaseException:
            # Behind a torn record nothing more is written: the next ones go into another file.
            self._abandon()
            raise
        if self._file.tell() >= self._most_bytes:
            self.finish()

    def finish_if_old(self) -> None:
        """Give the file its final name when it is old enough."""
        if self._file is not None and self._clock.monotonic() - self._opened >= self._seconds:
            self.finish()

    def finish(self) -> None:
        """Give the file its final name; the next records open another one."""
        if self._file is None:
            return
        file, self._file, self._format = self._file, None, None
        file.close()
        os.replace(self._path, self._path.with_name(self._path.name.removesuffix(PARTIAL)))
        self._sync_folder()

    def _open(self) -> None:
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock.now()))
        name = f"{self._prefix}-{moment}-{secrets.token_hex(4)}.{self._suffix}{PARTIAL}"
        self._path = self._folder / name
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._opened = self._clock.monotonic()
        self._format = self._form(self._file)
        self._sync_folder()

    def _abandon(self) -> None:
        file, self._file, self._format = self._file, None, None
        if file is not None:
            try:
                file.close()
            except OSError:
                return  # what it still held back was not acknowledged

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
