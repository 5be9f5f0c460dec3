"""`clickstream cat`: what the collector has put into files, as JSON lines."""

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from fastavro import reader

from clickstream.errors import ContractError, StorageError
from collector.avro_events import document
from collector.spool.frames import frames

_AVRO = b"Obj\x01"
_FRAMES = frozenset({".segment", ".frames", ".damaged"})


def lines(path: Path, torn: list[str]) -> Iterator[bytes]:
    """The records of one file, each as a JSON document without its newline.

    Args:
        path: JSON lines, an Avro container file, or a file of the spool.
        torn: told when the file ends within a record: it is being written, or its writer was killed. No sender was
            told that this record is stored.

    Raises:
        StorageError: it cannot be read.
        ContractError: it holds something else.
    """
    try:
        if path.suffix in _FRAMES:
            yield from (record.value for record, _ in frames(path))
            return
        with path.open("rb") as file:
            is_avro = file.read(len(_AVRO)) == _AVRO or ".avro" in path.suffixes
            file.seek(0)
            yield from _avro(path, file, torn) if is_avro else _json(path, file, torn)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error


def _json(path: Path, file: BinaryIO, torn: list[str]) -> Iterator[bytes]:
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            torn.append(f"{path} ends within line {number}")
            return
        try:
            msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ContractError(f"{path}, line {number} is no JSON: {error}") from error
        yield line.rstrip(b"\n")


def _avro(path: Path, file: BinaryIO, torn: list[str]) -> Iterator[bytes]:
    count = 0
    try:
        for found in reader(file):
            assert isinstance(found, dict)
            yield msgspec.json.encode(document(found))
            count += 1
    except (EOFError, ValueError, IndexError, zlib.error) as error:
        if file.read(1):
            raise ContractError(f"{path} is damaged behind record {count}: {error}") from error
        torn.append(f"{path} ends within a block, behind record {count}")


def cat(paths: list[Path], out: BinaryIO) -> None:
    """Print files one after the other; what is torn is said on stderr.

    Raises:
        StorageError: one cannot be read.
        ContractError: one holds something else.
    """
    torn: list[str] = []
    for path in paths:
        for line in lines(path, torn):
            out.write(line + b"\n")
    out.flush()
    for each in torn:
        print(each, file=sys.stderr)
