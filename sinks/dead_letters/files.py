"""Dead letters on disk: {dir}/dt=YYYY-MM-DD/{time}-{pid}-{random}.jsonl, a JSON object a line, fsynced.

A writer and a replay share the folder at the same time, by two rules.

- A line counts once its line break is there. A file's lines are appended as one block; what stands behind the last line
  break is a write in progress, or the rest of one that a crash cut off.
- Who changes a file holds its lock (flock) meanwhile: the writer for one append, a replay while it renames a file that
  it has worked off. A writer whose file was renamed begins another. So every complete line can be replayed at once,
  from the file that is being written too, and none is added to a file that was put away.

A process never appends to a file that another one began: after a crash its torn last line stays the last.
"""

import fcntl
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from clickstream.clock import Clock
from clickstream.errors import StorageError

SUFFIX = ".jsonl"


class DeadLetterFiles:
    """Appends lines to files of its own in a folder that many processes share. Threads may share one object.

    A file is closed and another begun when the UTC day changes, or when it would grow beyond `file_bytes`. An append is
    never split, so a file is larger than that only when a single append was.
    """

    def __init__(self, directory: Path, file_bytes: int, clock: Clock) -> None:
        """Check at once that the folder can be written; it is made if missing.

        Args:
            directory: an absolute path that outlives the worker.
            file_bytes: the size of a file.
            clock: gives the day.

        Raises:
            StorageError: the folder cannot be made or written, or its file system has no locks.
        """
        self._directory = directory
        self._file_bytes = file_bytes
        self._clock = clock
        self._lock = Lock()
        self._file: _OpenFile | None = None
        _check_writable(directory)

    def append(self, lines: Sequence[bytes]) -> None:
        """Write lines (each without its line break); when this returns they are on disk.

        Raises:
            StorageError: none of the lines counts, or, when fsync failed, nobody knows. Trying again is safe: a dead
                letter that is there twice has the same position.
        """
        if not lines:
            return
        block = b"\n".join(lines) + b"\n"
        with self._lock:
            try:
                self._append(block)
            except OSError as error:
                path = error.filename or (self._file.path if self._file else self._directory)
                self._close()
                raise StorageError(
                    f"{len(lines)} dead letters cannot be written to {path}: {error.strerror}; make room or mend the "
                    "folder: nothing is lost as long as the job has not gone on"
                ) from error

    def close(self) -> None:
        """Close the file. What was appended is on disk already."""
        with self._lock:
            self._close()

    def _append(self, block: bytes) -> None:
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        folder = self._directory / f"dt={now:%Y-%m-%d}"
        file = self._file
        while True:
            if file is None or file.path.parent != folder or (file.size and file.size + len(block) > self._file_bytes):
                self._close()
                file = self._file = _OpenFile(folder, now)
            if file.append(block):
                return
            file = None  # a replay has put it away

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _OpenFile:
    """One file of ours."""

    def __init__(self, folder: Path, now: datetime) -> None:
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            _fsync_folder(folder.parent)
        self.path = folder / f"{now:%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self.size = 0
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        _fsync_folder(folder)

    def append(self, block: bytes) -> bool:
        """Write the block and wait for the disk. False: the file is no longer in its place, nothing was written."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            if not self._in_place():
                return False
            try:
                _write_all(self._descriptor, block)
            except OSError:
                os.ftruncate(self._descriptor, self.size)
                raise
            os.fsync(self._descriptor)
            self.size += len(block)
            return True
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._descriptor)

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False


def _write_all(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_writable(directory: Path) -> None:
    probe = directory / f".writable-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _write_all(descriptor, b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            probe.unlink()
    except OSError as error:
        raise StorageError(
            f"the dead-letter folder {directory} cannot be used: {error.strerror} ({error.filename or probe}); "
            "make it writable for this process, or set CLICKSTREAM_DEAD_LETTER_DIR to another folder"
        ) from error
