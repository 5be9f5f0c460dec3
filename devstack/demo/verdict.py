"""The end of a demo: the books against what was sent, by the senders' own word, and Redis against SQL."""

from collections.abc import Iterable

import msgspec

from clickstream.generator.answers import Answers
from clickstream.reconcile import verdict
from clickstream.reconcile.reconcile import Books
from clickstream.reconcile.verdict import Line
from devstack.demo.census import Counted
from devstack.demo.sql_books import Match
from devstack.demo.visitors import Posted

TITLE = "Expected: the senders' own answers; for Redis, SQL over ClickHouse"


def compare(  # noqa: PLR0913, PLR0917 - one for each source of figures
    books: Books,
    answers: Answers,
    posted: Posted | None,
    counted: Counted,
    joined: int | None,
    matches: Iterable[Match],
) -> list[Line]:
    """All figures. All is well when each line holds.

    The generator knows what it wrote to Kafka, and the visitors what the collector accepted. Of what came through the
    collector besides (pages that somebody has open, copies of requests that had to be repeated) there is no other
    account than the topic's own: it counts as it stands there.
    """
    dead = sum(books.dead.values())
    sent = msgspec.structs.replace(
        answers,
        sent=answers.sent + counted.collected,
        valid=answers.valid + counted.collected - counted.copied,
        duplicates=answers.duplicates + counted.copied,
    )
    lines = verdict.compare(books, sent)
    if posted is not None:
        lines.append(Line("accepted by the collector, distinct", posted.events, counted.posted, "see its log"))
    lines.append(Line("dead letters", 0, dead, "clickstream replay-dlq --dry-run says why; without it they go back"))
    if joined is not None:
        lines.append(Line("joined events, distinct (DWD)", sent.valid, joined, "see DimensionJoin's page"))
    lines += [Line(f"Redis = SQL: {match.what}", match.compared, match.equal) for match in matches]
    return lines
