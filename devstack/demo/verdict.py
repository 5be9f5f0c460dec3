"""The end of a demo: the books against the generator's own answers, and Redis against SQL."""

from collections.abc import Iterable

from clickstream.generator.answers import Answers
from clickstream.reconcile import verdict
from clickstream.reconcile.reconcile import Books
from clickstream.reconcile.verdict import Line
from devstack.demo.sql_books import Match

TITLE = "Expected: the generator's answers; for Redis, SQL over ClickHouse"


def compare(books: Books, answers: Answers, joined: int | None, matches: Iterable[Match]) -> list[Line]:
    """All figures. All is well when each line holds."""
    dead = sum(books.dead.values())
    lines = verdict.compare(books, answers)
    lines.append(Line("dead letters", 0, dead, "clickstream replay-dlq --dry-run says why; without it they go back"))
    if joined is not None:
        lines.append(Line("joined events, distinct (DWD)", answers.valid, joined, "see DimensionJoin's page"))
    lines += [Line(f"Redis = SQL: {match.what}", match.compared, match.equal) for match in matches]
    return lines
