"""Where records go, except to Kafka."""

from types import TracebackType
from typing import BinaryIO, Protocol, Self

from clickstream.generator.records import Chunk


class Writer(Protocol):
    """Takes records in order. A context manager: on leaving it without an error, all that was written is safe."""

    def write(self, chunk: Chunk) -> None:
        """Write all records of a chunk, or raise."""

    def __enter__(self) -> Self:
        """Open."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what was written and close."""


class LinesWriter:
    """One value a line, to a binary stream that stays the caller's to close.

    Keys and timestamps are not written. A newline inside a malformed value becomes a space: it stays malformed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, chunk: Chunk) -> None:
        """Write each value and a newline."""
        values = chunk.values
        if any(chunk.records["fault"]):
            values = [value.replace(b"\n", b" ") for value in values]
        self._stream.write(b"\n".join(values) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()


class NullWriter:
    """Counts records and bytes and forgets them: shows what generating alone costs."""

    def __init__(self) -> None:
        self.records = 0
        self.bytes = 0

    def write(self, chunk: Chunk) -> None:
        """Count."""
        self.records += len(chunk)
        self.bytes += sum(map(len, chunk.values))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""
