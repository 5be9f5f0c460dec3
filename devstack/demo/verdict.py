"""The end of a demo: the books against the generator's own answers, and Redis against SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table

from clickstream.generator.answers import Answers
from clickstream.reconcile.reconcile import Books
from devstack.demo.sql_books import Match


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure that must be what is expected. `hint` says where to look when it is not."""

    what: str
    expected: int
    found: int
    hint: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is."""
        return self.expected == self.found


def compare(books: Books, answers: Answers, joined: int | None, matches: Iterable[Match]) -> list[Pair]:
    """All figures. All is well when each pair holds."""
    dead = sum(books.dead.values())
    where = ", ".join(f"partition {partition} offset {offset}" for partition, offset in books.missing[:3])
    pairs = [
        Pair("records sent", answers.sent, books.sent, "does somebody else write to this topic?"),
        Pair("rows in ClickHouse", answers.valid, books.rows, "more rows than events: does the sink run twice?"),
        Pair("distinct positions in ClickHouse", answers.valid, books.stored),
        Pair("duplicates removed", answers.duplicates, books.duplicates),
        Pair("dead letters", 0, dead, "clickstream replay-dlq --dry-run says why; without --dry-run they go back"),
        Pair("missing", 0, len(books.missing), f"on their way or lost: {where}; clickstream logs taskmanager"),
        Pair("rejected", sum(answers.rejected.values()), sum(books.rejected.values())),
    ]
    for reason in sorted(answers.rejected | books.rejected):
        pairs.append(Pair(f"  {reason}", answers.rejected.get(reason, 0), books.rejected.get(reason, 0)))
    if joined is not None:
        pairs.append(Pair("joined events, distinct (DWD)", answers.valid, joined, "see DimensionJoin's page"))
    pairs += [Pair(f"Redis = SQL: {match.what}", match.compared, match.equal) for match in matches]
    return pairs


def table(pairs: Sequence[Pair]) -> Table:
    """For a terminal."""
    shown = Table(title="Expected: the generator's answers; for Redis, SQL over ClickHouse", min_width=72)
    shown.add_column("", overflow="fold")
    shown.add_column("expected", justify="right", no_wrap=True)
    shown.add_column("found", justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for pair in pairs:
        mark = "[green]✓[/]" if pair.holds else "[bold red]✗[/]"
        shown.add_row(pair.what, f"{pair.expected:,}", f"{pair.found:,}", mark)
    return shown


def sentence(books: Books, pairs: Sequence[Pair], circumstances: Sequence[str]) -> str:
    """The last line: the equation, and when it or another figure is wrong, which, and where to look.

    Args:
        books: of what was sent.
        pairs: as compared.
        circumstances: what else would explain a difference.
    """
    equation = (
        f"{books.sent:,} sent = {books.rows:,} rows + {sum(books.rejected.values()):,} rejected + "
        f"{books.duplicates:,} duplicates + {sum(books.dead.values()):,} dead letters"
    )
    wrong = [pair for pair in pairs if not pair.holds]
    if not wrong:
        return f"Balanced: {equation}"
    said = [
        f"{pair.what.strip()}: {pair.found:,} instead of {pair.expected:,}" + (f" ({pair.hint})" if pair.hint else "")
        for pair in wrong
    ]
    if books.missing:
        equation += f" + {len(books.missing):,} missing"
    return f"NOT balanced: {equation}. " + "; ".join([*said, *circumstances])
