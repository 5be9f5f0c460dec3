"""What the operator that keeps a bucket's state asks of it. Pure: nothing here knows of Flink or Redis."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

W_co = TypeVar("W_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Due(Generic[W_co]):
    """What is to be written now.

    Attributes:
        writes: to Redis: absolute, so that writing one twice is harmless.
        records: to Kafka: key and value.
        settled: whether something was decided that the parts alone do not tell: entries are to be stored at once.
        too_late: events left out since the last time, because what they belong to is forgotten.
    """

    writes: list[W_co] = field(default_factory=list)
    records: list[tuple[str, str]] = field(default_factory=list)
    settled: bool = False
    too_late: int = 0


class Bucket(Protocol[W_co]):
    """The state of one bucket in memory. It can be made again from named entries, and the parts that came since.

    Whatever `load` and `apply` are given must lead to the same state as it did the first time.
    """

    def load(self, name: str, entry: bytes) -> None:
        """Take over an entry; to be called before the first part."""

    def apply(self, part: bytes, now_ms: int) -> bool:
        """Merge what a micro-batch adds. `now_ms` is the wall clock.

        Returns:
            Whether Redis is to be told of something by it.
        """

    def restored(self, now_ms: int) -> None:
        """Say that everything is to be written again: what the last attempt wrote is not known."""

    def changed_entries(self) -> Iterable[tuple[str, bytes | None]]:
        """Entries that changed since this was called last; None: remove it."""

    def due(self, now_ms: int) -> Due[W_co]:
        """What is to be written by now."""

    def next_due_ms(self, now_ms: int) -> int | None:
        """When `due` will have something, as far as is known; None: nothing is kept any more."""
