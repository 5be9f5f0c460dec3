"""What the collector asks of a sink."""

from collections.abc import Sequence
from typing import Protocol

from collector.records import Record


class SinkUnavailableError(Exception):
    """The records are not known to be stored: they may be tried again, and the same ones are recognised by their ids.

    Args:
        reason: a word, for metrics.
        message: for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SinkRefusedError(SinkUnavailableError):
    """One of the records will never be stored: the destination's limits are narrower than this platform's."""


class Sink(Protocol):
    """A destination. Used from one event loop."""

    name: str

    async def start(self) -> None:
        """Make it ready. A server that does not answer is no reason to fail."""

    async def write(self, records: Sequence[Record]) -> None:
        """Return when all of them are stored for good.

        Raises:
            SinkUnavailableError: some are not, or nobody knows.
        """

    def problem(self) -> str:
        """Why it takes nothing now; empty when it does."""

    def waiting(self) -> int:
        """Records that it holds in memory."""

    async def close(self) -> None:
        """Finish what was begun."""
