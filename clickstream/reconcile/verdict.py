"""The books against what the generator says that it sent."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table

from clickstream.generator.answers import Answers
from clickstream.reconcile.reconcile import Books


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison. All is well where both are equal; `hint` says where to look when they are not."""

    what: str
    expected: int
    found: int
    hint: str = ""

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.expected == self.found


def compare(books: Books, answers: Answers | None, actions: Counter[str] | None = None) -> list[Line]:
    """Compare line by line.

    Args:
        books: of the records that the answers are about.
        answers: to them; None: nobody knows what was sent, so nothing lost and nothing doubled is all that can be said.
        actions: rows in the table by action_type; None: not compared.
    """
    dead, rejected = sum(books.dead.values()), sum(books.rejected.values())
    first = ", ".join(f"partition {partition} offset {offset}" for partition, offset in books.missing[:3])
    lines = [
        Line("missing", 0, len(books.missing), f"lost, or still on their way: {first}"),
        Line("positions stored more than once", 0, books.rows - books.stored),
    ]
    if answers is None:
        return lines
    lines += [
        Line("records sent", answers.sent, books.sent, "does somebody else write to this topic?"),
        Line("valid events: rows + dead letters", answers.valid, books.stored + dead),
        Line("duplicates removed", answers.duplicates, books.duplicates),
        Line("rejected", sum(answers.rejected.values()), rejected),
    ]
    for reason in sorted(answers.rejected | books.rejected):
        lines.append(Line(f"  {reason}", answers.rejected.get(reason, 0), books.rejected.get(reason, 0)))
    if actions is not None and not dead:  # else nobody has counted which actions the dead letters are
        sent = Counter[str]()
        for place in answers.places:
            sent.update(place.actions)
        lines += [Line(f"rows: {action}", sent[action], actions[action]) for action in sorted(sent | actions)]
    return lines


def verdict(books: Books, lines: Sequence[Line], circumstances: Iterable[str] = ()) -> str:
    """One line: the equation, and when it or another figure is wrong, which, and where to look.

    Args:
        books: of what was sent.
        lines: as compared.
        circumstances: what else would explain a difference.
    """
    equation = (
        f"{books.sent:,} sent = {books.stored:,} rows + {sum(books.rejected.values()):,} rejected + "
        f"{books.duplicates:,} duplicates + {sum(books.dead.values()):,} dead letters"
    )
    wrong = [line for line in lines if not line.holds]
    if not wrong:
        return f"Balanced: {equation}"
    said = [
        f"{line.what.strip()}: {line.found:,} instead of {line.expected:,}" + (f" ({line.hint})" if line.hint else "")
        for line in wrong
    ]
    if books.missing:
        equation += f" + {len(books.missing):,} missing"
    return f"NOT balanced: {equation}. " + "; ".join([*said, *circumstances])


def table(lines: Iterable[Line], title: str | None = None) -> Table:
    """For a terminal."""
    shown = Table(title=title, min_width=72)
    shown.add_column("", overflow="fold")
    for heading in ("expected", "found", ""):
        shown.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        mark = "[green]✓[/]" if line.holds else "[bold red]✗[/]"
        shown.add_row(line.what, f"{line.expected:,}", f"{line.found:,}", mark)
    return shown
