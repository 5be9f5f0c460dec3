from dataclasses import replace

from clickstream.generator.answers import Answers
from clickstream.reconcile import verdict as reconciled
from clickstream.reconcile.reconcile import Books
from devstack.demo.census import Counted
from devstack.demo.sql_books import Match
from devstack.demo.verdict import compare
from devstack.demo.visitors import Posted

BOOKS = Books(
    sent=1_010, stored=1_000, rejected={"empty": 4}, dead={}, duplicates=6, missing=(), rows=1_000
)  # fmt: skip
ANSWERS = Answers(
    options={},
    sent=1_010,
    valid=1_000,
    duplicates=6,
    malformed={"empty_item": 4},
    rejected={"empty": 4},
    late=0,
    first_event_ms=0,
    last_event_ms=0,
    event_names={},
    hot_weights={},
    half_life_ms=3_600_000,
    places=[],
    experiments=[],
)
JOINED = 1_000
MATCHES = (Match("hot scores", 600, 600),)


def verdict(books: Books = BOOKS, joined: int = JOINED, matches: tuple[Match, ...] = MATCHES) -> str:
    lines = compare(books, ANSWERS, None, Counted(), joined, matches)
    return reconciled.verdict(books, lines, ["two jobs ran"])


def test_the_equation() -> None:
    assert verdict() == "Balanced: 1,010 sent = 1,000 rows + 4 rejected + 6 duplicates + 0 dead letters"


def test_missing_records_are_named() -> None:
    said = verdict(replace(BOOKS, rows=998, stored=998, missing=((3, 12), (4, 1))))
    assert said.startswith(
        "NOT balanced: 1,010 sent = 998 rows + 4 rejected + 6 duplicates + 0 dead letters + 2 missing"
    )
    assert "partition 3 offset 12, partition 4 offset 1" in said
    assert "two jobs ran" in said


def test_doubled_rows() -> None:
    said = verdict(replace(BOOKS, rows=1_003))
    assert "positions stored more than once: 3 instead of 0" in said


def test_another_sender() -> None:
    assert "records sent: 1,011 instead of 1,010" in verdict(replace(BOOKS, sent=1_011, stored=1_001, rows=1_001))


def test_dead_letters_say_how_they_go_back() -> None:
    assert "clickstream replay-dlq" in verdict(replace(BOOKS, stored=999, rows=999, dead={"unavailable": 1}))


def test_a_reject_under_another_reason() -> None:
    said = verdict(replace(BOOKS, rejected={"empty": 3, "too_long": 1}))
    assert "empty: 3 instead of 4; too_long: 1 instead of 0" in said


def test_a_job_that_lags_or_errs() -> None:
    assert "joined events, distinct (DWD): 999 instead of 1,000" in verdict(joined=999)
    assert "Redis = SQL: hot scores: 599 instead of 600" in verdict(matches=(Match("hot scores", 600, 599),))


def with_visits(counted: Counted) -> str:
    """Of 30 visits, one was sent twice, and somebody has a page open, which sent five."""
    books = replace(BOOKS, sent=1_046, stored=1_035, rows=1_035, duplicates=7)
    lines = compare(books, ANSWERS, Posted(events=30, repeated=1), counted, 1_035, MATCHES)
    return reconciled.verdict(books, lines)


def test_what_came_through_the_collector_is_part_of_the_books() -> None:
    assert with_visits(Counted(collected=36, copied=1, posted=30)).startswith("Balanced: 1,046 sent = 1,035 rows")


def test_a_visit_that_was_accepted_and_is_not_in_kafka() -> None:
    said = with_visits(Counted(collected=36, copied=1, posted=29))
    assert said.startswith("NOT balanced")
    assert "accepted by the collector, distinct: 29 instead of 30" in said
