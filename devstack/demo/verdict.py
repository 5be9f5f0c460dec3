"""The end of a demo: the books against the generator's own answers."""

from rich.table import Table

from clickstream.generator.answers import Answers
from clickstream.reconcile.reconcile import Books


def compare(books: Books, answers: Answers) -> list[tuple[str, int, int]]:
    """Rows of (what, expected, found). All is well when each pair is equal."""
    pairs = [
        ("records sent", answers.sent, books.sent),
        ("rows in ClickHouse", answers.valid, books.rows),
        ("distinct positions in ClickHouse", answers.valid, books.stored),
        ("duplicates removed", answers.duplicates, books.duplicates),
        ("dead letters", 0, sum(books.dead.values())),
        ("missing", 0, len(books.missing)),
        ("rejected", sum(answers.rejected.values()), sum(books.rejected.values())),
    ]
    for reason in sorted(answers.rejected | books.rejected):
        pairs.append((f"  {reason}", answers.rejected.get(reason, 0), books.rejected.get(reason, 0)))
    return pairs


def holds(pairs: list[tuple[str, int, int]]) -> bool:
    """Whether every expectation was met."""
    return all(expected == found for _, expected, found in pairs)


def table(pairs: list[tuple[str, int, int]]) -> Table:
    """For a terminal."""
    shown = Table(title="rows + dead letters + rejected + duplicates = sent: each against the generator's answers")
    shown.add_column("")
    shown.add_column("expected", justify="right")
    shown.add_column("found", justify="right")
    shown.add_column("")
    for what, expected, found in pairs:
        mark = "[green]✓[/]" if expected == found else "[bold red]✗[/]"
        shown.add_row(what, f"{expected:,}", f"{found:,}", mark)
    return shown
