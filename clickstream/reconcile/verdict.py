"""The books against what the generator says that it sent."""

from collections import Counter
from dataclasses import dataclass

from rich.table import Table

from clickstream.generator.answers import Answers
from clickstream.reconcile.reconcile import Books


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison. All is well where both are equal."""

    what: str
    expected: int
    found: int

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.expected == self.found


def compare(books: Books, answers: Answers | None, actions: Counter[str]) -> list[Line]:
    """Compare line by line.

    Args:
        books: of the records that the answers are about.
        answers: to them; None: nobody knows what was sent, so nothing lost and nothing doubled is all that can be said.
        actions: rows in the table by action_type.
    """
    dead, rejected = sum(books.dead.values()), sum(books.rejected.values())
    lines = [
        Line("missing: lost, or still on their way", 0, len(books.missing)),
        Line("positions stored more than once", 0, books.rows - books.stored),
    ]
    if answers is None:
        return lines
    lines += [
        Line("records sent", answers.sent, books.sent),
        Line("valid events: rows + dead letters", answers.valid, books.stored + dead),
        Line("duplicates removed", answers.duplicates, books.duplicates),
        Line("rejected", sum(answers.rejected.values()), rejected),
    ]
    for reason in sorted(answers.rejected | books.rejected):
        lines.append(Line(f"  {reason}", answers.rejected.get(reason, 0), books.rejected.get(reason, 0)))
    if not dead:  # else nobody has counted which actions the dead letters are
        sent = Counter[str]()
        for place in answers.places:
            sent.update(place.actions)
        lines += [Line(f"rows: {action}", sent[action], actions[action]) for action in sorted(sent | actions)]
    return lines


def verdict(books: Books, lines: list[Line]) -> str:
    """One line: where every record is, or what differs."""
    if wrong := [line for line in lines if not line.holds]:
        told = "; ".join(f"{line.what.strip()}: {line.found:,} instead of {line.expected:,}" for line in wrong[:5])
        missing = ", ".join(f"partition {partition} offset {offset}" for partition, offset in books.missing[:3])
        return f"NOT balanced: {told}" + (f"; the first missing: {missing}" if missing else "")
    return (
        f"Balanced: {books.sent:,} sent = {books.stored:,} rows + {sum(books.rejected.values()):,} rejected + "
        f"{books.duplicates:,} duplicates + {sum(books.dead.values()):,} dead letters"
    )


def table(lines: list[Line]) -> Table:
    """For a terminal."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("")
    shown.add_column("expected", justify="right")
    shown.add_column("found", justify="right")
    shown.add_column("")
    for line in lines:
        mark = "[green]✓[/]" if line.holds else "[bold red]✗[/]"
        shown.add_row(line.what, f"{line.expected:,}", f"{line.found:,}", mark)
    return shown
