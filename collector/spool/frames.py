"""Records as bytes in a file: length and checksum in front of each, so that a torn end is seen."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from collector.records import Record

_HEAD = struct.Struct(">II")  # bytes of the payload, their CRC-32
_BODY = struct.Struct(">?I")  # whether it is a rejected event, bytes of the key
_LARGEST = 64 * 1024 * 1024


def packed(record: Record) -> bytes:
    """A record as one frame."""
    payload = _BODY.pack(record.rejected, len(record.key)) + record.key + record.value
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def frames(path: Path, offset: int = 0) -> Iterator[tuple[Record, int]]:
    """The records of a file from an offset on, each with the offset behind it.

    It ends before the first frame that is not whole: see `torn`.
    """
    with path.open("rb") as file:
        file.seek(offset)
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            if not _BODY.size <= length <= _LARGEST:
                return
            payload = file.read(length)
            if len(payload) < length or zlib.crc32(payload) != checksum:
                return
            rejected, key = _BODY.unpack_from(payload)
            offset += _HEAD.size + length
            middle = _BODY.size + key
            yield Record(payload[_BODY.size : middle], payload[middle:], rejected), offset


def torn(path: Path, offset: int) -> bool:
    """Whether what follows there is the beginning of one frame: what was being written when the process died.

    No answer was given for that. Anything else was whole once, and is damaged.
    """
    with path.open("rb") as file:
        file.seek(offset)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return True
        length = int(_HEAD.unpack(head)[0])
        return _BODY.size <= length <= _LARGEST and len(file.read(length)) < length
