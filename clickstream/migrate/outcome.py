"""What a migration did, one line per thing."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What became of one thing; the dry run's states say what would."""

    APPLIED = "applied"
    PRESENT = "already there"
    ALTERED = "altered"
    PENDING = "would be applied"
    WOULD_ALTER = "would be altered"
    SKIPPED = "skipped"
    WARNING = "needs a decision"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line: a server, a file or topic, its state, and what the reader should know about it."""

    server: str
    what: str
    state: State
    note: str = ""


Report = Callable[[Outcome], None]


def silent(_: Outcome) -> None:
    """A Report that drops everything: for callers who care about errors alone."""
