"""What a rebuild says while it works."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Where it is. If it is ended there, the next run goes on from it or begins anew, as is right."""

    RESUMED = "finishing what an earlier run left"
    COUNTING = "counting anew"
    COMPARED = "compared"
    SWAPPED = "swapped"
    COLLECTED = "collected what came meanwhile"
    REBUILT = "rebuilt"
    REPAIRED = "repaired"
    LEFT_OPEN = "left open"


@dataclass(frozen=True, slots=True)
class Progress:
    """One line: the server, the mart or day, the step, and what is to be known about it."""

    server: str
    what: str
    step: Step
    note: str = ""


Report = Callable[[Progress], None]
Tell = Callable[[Step, str], None]


def silent(_: Progress) -> None:
    """A Report that drops everything: for callers who care about errors alone."""
