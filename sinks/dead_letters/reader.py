"""Reading dead letters back, beside jobs that still write them.

A replay goes through `dead_letter_files`, reads each with `read_file`, puts the letters back, and calls `retire` with
the size up to which it read: a file that grew meanwhile stays, and is read again from there.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clickstream.errors import ContractError, StorageError
from sinks.dead_letters.files import SUFFIX
from sinks.dead_letters.record import DeadLetter, decode_dead_letter

RETIRED = ".replayed"


@dataclass(frozen=True, slots=True)
class Found:
    """A dead letter, and where it stands: `end` is the position in the file behind its line, in bytes."""

    letter: DeadLetter
    path: Path
    line: int
    end: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no dead letter. `torn`: the last line, without its line break; a writer may be at it just now."""

    problem: str
    path: Path
    line: int
    end: int
    torn: bool


def read_dead_letters(directory: Path) -> Iterator[Found | Unreadable]:
    """Everything in the folder that was not retired, oldest file first; within a file in the order of writing.

    Raises:
        StorageError: the folder or a file cannot be read.
    """
    for path in dead_letter_files(directory):
        yield from read_file(path)


def dead_letter_files(directory: Path) -> list[Path]:
    """The files to replay, by day and then by the time at which they were begun.

    Raises:
        StorageError: there is no such folder.
    """
    if not directory.is_dir():
        raise StorageError(
            f"there is no dead-letter folder {directory}: set CLICKSTREAM_DEAD_LETTER_DIR to the one that the job has"
        )
    return sorted(directory.glob(f"dt=*/*{SUFFIX}"))


def read_file(path: Path, start: int = 0) -> Iterator[Found | Unreadable]:
    """Read one file from a line's beginning, up to its end at this moment. Lines are numbered from 1, at `start`.

    Raises:
        StorageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            end = start
            for number, line in enumerate(file, start=1):
                end += len(line)
                yield _read_line(line, path, number, end)
    except OSError as error:
        raise StorageError(f"the dead letters in {path} cannot be read: {error.strerror}") from error


def retire(path: Path, size: int) -> bool:
    """Put a file away that was replayed up to `size`: its name gets the ending `.replayed`.

    Returns:
        False when it has grown since: read on from there, then call this again.

    Raises:
        StorageError: the file cannot be renamed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_size != size:
                return False
            path.rename(path.with_name(path.name + RETIRED))
            return True
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StorageError(
            f"{path} was replayed but cannot be put away: {error.strerror}; remove it by hand"
        ) from error


def _read_line(line: bytes, path: Path, number: int, end: int) -> Found | Unreadable:
    if not line.endswith(b"\n"):
        problem = f"the last line is torn after {len(line)} bytes: a write was cut off, or is going on"
        return Unreadable(problem, path, number, end, torn=True)
    try:
        return Found(decode_dead_letter(line), path, number, end)
    except ContractError as error:
        return Unreadable(str(error), path, number, end, torn=False)
