"""Erases a user's dead letters from the sink's files, beside the sink that writes them and a replay that reads them.

Both go by positions in a file, so a letter is not cut out: its bytes become blanks at the end of the letter before it,
or at the beginning of the one behind it, where JSON allows them. A file that holds nothing else is removed; its writer
then begins another. Who changes a file holds its lock meanwhile.
"""

import base64
import binascii
import fcntl
import os
from pathlib import Path
from typing import Any

import msgspec

from analytics.erasure.receipt import ErasedFiles
from clickstream.errors import StorageError

_PATTERN = "dt=*/*.jsonl*"  # also those that were replayed and put away


class _Letter(msgspec.Struct):
    raw: str | None = None
    raw_base64: str | None = None


_LETTER = msgspec.json.Decoder(_Letter)
_EVENT = msgspec.json.Decoder(dict[str, Any])


def erase_letters(directory: Path, tenant_id: str, user_id: str) -> ErasedFiles:
    """Erase a user's letters from every file of the folder; when it returns, that is on disk.

    Raises:
        StorageError: the folder or a file cannot be read or written.
    """
    if not directory.is_dir():
        raise StorageError(f"there is no dead-letter folder {directory}: correct CLICKSTREAM_DEAD_LETTER_DIR")
    files = letters = 0
    for path in sorted(directory.glob(_PATTERN)):
        try:
            found = _erase_from(path, tenant_id, user_id)
        except FileNotFoundError:
            continue  # a replay has put it away: its new name is found by the next request
        except OSError as error:
            raise StorageError(f"dead letters in {path} cannot be erased: {error.strerror}") from error
        files += bool(found)
        letters += found
    return ErasedFiles(files=files, letters=letters)


def _erase_from(path: Path, tenant_id: str, user_id: str) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        lines = _content(descriptor).splitlines(keepends=True)
        mine = [_is_of(line, tenant_id, user_id) for line in lines]
        if not any(mine):
            return 0
        if all(mine):
            os.ftruncate(descriptor, 0)
            os.fsync(descriptor)
            path.unlink()
            return len(lines)
        at = 0
        for number, line in enumerate(lines):
            if mine[number]:
                _blank(descriptor, at, line, first=all(mine[: number + 1]), last=all(mine[number:]))
            at += len(line)
        os.fsync(descriptor)
        return sum(mine)
    finally:
        os.close(descriptor)


def _blank(descriptor: int, at: int, line: bytes, *, first: bool, last: bool) -> None:
    """Join the line's blanks to the letter behind it, or where there is none, to the letter before it."""
    if last and not first:
        # The break of the letter before goes to the end of this line, which must have one to count as complete.
        os.pwrite(descriptor, b" " * (len(line) - 1) + b"\n", at)
        os.pwrite(descriptor, b" ", at - 1)
        return
    os.pwrite(descriptor, b" " * len(line), at)


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    content = bytearray()
    while len(content) < size and (piece := os.pread(descriptor, size - len(content), len(content))):
        content += piece
    return bytes(content)


def _is_of(line: bytes, tenant_id: str, user_id: str) -> bool:
    try:
        letter = _LETTER.decode(line)
        raw: bytes | str = letter.raw if letter.raw is not None else base64.b64decode(letter.raw_base64 or "")
        event = _EVENT.decode(raw)
    except (msgspec.DecodeError, binascii.Error, UnicodeError, RecursionError):
        # The rest of a write that a crash cut off is no letter, but may name the user.
        return not line.endswith(b"\n") and user_id.encode() in line
    return event.get("tenant_id") == tenant_id and event.get("user_id") == user_id
