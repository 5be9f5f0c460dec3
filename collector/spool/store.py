"""One folder of segments: appended at its end, read from its beginning, deleted segment by segment."""

import errno
import fcntl
import logging
import os
import shutil
from pathlib import Path
from typing import Self

from collector.records import Record
from collector.spool.frames import frames, torn

logger = logging.getLogger(__name__)

_LOCK, _POSITION, _ASIDE = "lock", "position", "set-aside.frames"
_SUFFIX = ".segment"


def sync_folder(folder: Path) -> None:
    """Put the names of its files on disk: a file that is there has no use where nothing leads to it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Store:
    """A locked folder. Its methods block; not for several threads at once, but for `append` beside the others.

    Attributes:
        folder: that is locked.
    """

    def __init__(self, folder: Path, segment_bytes: int, lock: int) -> None:
        self.folder, self._segment_bytes, self._lock = folder, segment_bytes, lock
        self._ends: dict[int, int] = {}  # by segment, bytes that are whole and on disk
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            end = max((behind for _, behind in frames(path)), default=0)
            if not torn(path, end):
                self._keep_damaged(path, end)
            os.truncate(path, end)
            self._ends[int(path.stem)] = end
        self._first, self._offset = self._position()
        for number in [number for number in self._ends if number < self._first]:
            self._delete(number)
        # A new segment for what comes: the old ones are only read.
        self._last = max(self._ends, default=self._first - 1)
        self._file = -1

    @classmethod
    def claim(cls, folder: Path, segment_bytes: int) -> Self | None:
        """Open a folder that nobody else has open; it is made when it is not there. None: somebody has it."""
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        return cls(folder, segment_bytes, lock)

    @property
    def size(self) -> int:
        """Bytes in all segments."""
        return sum(end for _, end in tuple(self._ends.items()))  # a copy: a thread may be adding to it

    @property
    def empty(self) -> bool:
        """Whether everything has been sent."""
        return not self.left

    @property
    def left(self) -> int:
        """Bytes that are not sent yet."""
        first, offset = self._first, self._offset
        return sum(end - (offset if number == first else 0) for number, end in tuple(self._ends.items()))

    def append(self, data: bytes) -> None:
        """Write whole frames, and return when they are on disk.

        Raises:
            OSError: they may be, or may not.
        """
        if self._file < 0 or self._ends.get(self._last, 0) >= self._segment_bytes:
            self._roll()
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            os.fdatasync(self._file)
        except OSError:
            # What stands behind the last whole frame is never read: the next one goes into another file.
            os.close(self._file)
            self._file = -1
            raise
        self._ends[self._last] += len(data)

    def read(self, most_records: int, most_bytes: int) -> tuple[list[Record], tuple[int, int]]:
        """The oldest records that are not sent yet, of one segment, and the position behind them."""
        for number in sorted(self._ends):
            offset = self._offset if number == self._first else 0
            end = self._ends[number]
            if offset >= end:
                continue
            found: list[Record] = []
            size = 0
            behind = offset
            for record, behind in frames(self._path(number), offset):
                found.append(record)
                size += record.size
                if len(found) >= most_records or size >= most_bytes or behind >= end:
                    break
            if found:
                return found, (number, behind)
            # Whole when it was written, and not now: nothing behind the damage can be told apart.
            damaged = self._path(number).with_suffix(".damaged")
            self._path(number).rename(damaged)
            del self._ends[number]
            raise OSError(errno.EIO, f"{damaged} is damaged at byte {offset}: the rest of it is not sent")
        return [], (self._first, self._offset)

    def advance(self, position: tuple[int, int]) -> None:
        """Everything before this position is sent. After a crash a little of it may be sent once more."""
        self._first, self._offset = position
        temporary = self.folder / f"{_POSITION}.new"
        temporary.write_text(f"{position[0]} {position[1]}")
        os.replace(temporary, self.folder / _POSITION)
        done = [number for number in sorted(self._ends) if number < self._first]
        if self._offset >= self._ends.get(self._first, 0) and (self._first != self._last or self._file < 0):
            done.append(self._first)
        for number in done:
            self._delete(number)

    def set_aside(self, data: bytes) -> None:
        """Keep frames that Kafka refuses for good, for people to look at."""
        with (self.folder / _ASIDE).open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Release the folder; what is not sent stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        os.close(self._lock)

    def _keep_damaged(self, path: Path, offset: int) -> None:
        """Copy what cannot be read any more to where people find it."""
        damaged = path.with_suffix(".damaged")
        with path.open("rb") as file, damaged.open("wb") as kept:
            file.seek(offset)
            shutil.copyfileobj(file, kept)
            kept.flush()
            os.fsync(kept.fileno())
        logger.error(
            "%s is damaged at byte %d: what follows there is not sent, and is kept in %s", path, offset, damaged
        )

    def _roll(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._last = max(self._last, self._first) + 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL
        self._file = os.open(self._path(self._last), flags, 0o600)
        self._ends[self._last] = 0
        sync_folder(self.folder)

    def _position(self) -> tuple[int, int]:
        try:
            number, offset = (self.folder / _POSITION).read_text().split()
            return int(number), int(offset)
        except (FileNotFoundError, ValueError):
            return 0, 0

    def _delete(self, number: int) -> None:
        self._path(number).unlink(missing_ok=True)
        self._ends.pop(number, None)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:012d}{_SUFFIX}"
