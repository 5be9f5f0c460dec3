"""How records stand in files: JSON lines, or Avro's container format. Each call writes whole records."""

from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

from fastavro import write

from collector.avro_events import SCHEMA, datum
from collector.records import Record

_CODEC = "deflate"
_NEVER = 2**31 - 1  # blocks end where a call does, not at a size


class Format(Protocol):
    """Appends records to one open file, which is its maker's to flush and close."""

    def append(self, records: Sequence[Record]) -> None:
        """Write records."""


class JsonLines:
    """One JSON document a line.

    Args:
        file: empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def append(self, records: Sequence[Record]) -> None:
        """Write them as lines: encoded JSON holds no newline."""
        self._file.write(b"".join(record.value + b"\n" for record in records))


class AvroBlocks:
    """A container file: the schema in its head, then a block for each call.

    Args:
        file: empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._writer: Any = write.Writer(file, SCHEMA, codec=_CODEC, sync_interval=_NEVER)

    def append(self, records: Sequence[Record]) -> None:
        """Write them as one block."""
        for record in records:
            self._writer.write(datum(record.value))
        self._writer.flush()
