"""The closing line: balanced only when nothing differs, and what differs is named."""

from collections import Counter
from dataclasses import replace

from clickstream.generator.answers import Answers, PlaceAnswers
from clickstream.reconcile.reconcile import Books
from clickstream.reconcile.verdict import compare, verdict

HOME = PlaceAnswers(
    tenant_id="t",
    scenario_id="s",
    actions={"click": 4, "order": 2},
    unique_users=1,
    unique_items=1,
    top_clicked=[],
    hot_items=[],
    funnel=[0] * 5,
    hours={},
    days={},
)
ANSWERS = Answers(
    options={},
    sent=10,
    valid=6,
    duplicates=1,
    malformed={"cut": 3},
    rejected={"not_json": 3},
    late=0,
    first_event_ms=1,
    last_event_ms=2,
    event_names={},
    hot_weights={},
    half_life_ms=1,
    places=[HOME],
    experiments=[],
)
BOOKS = Books(sent=10, stored=6, rejected={"not_json": 3}, dead={}, duplicates=1, missing=(), rows=6)
ACTIONS = Counter({"click": 4, "order": 2})


def said(books: Books, answers: Answers | None = ANSWERS, actions: Counter[str] = ACTIONS) -> str:
    return verdict(books, compare(books, answers, actions))


def test_all_in_its_place() -> None:
    assert said(BOOKS) == "Balanced: 10 sent = 6 rows + 3 rejected + 1 duplicates + 0 dead letters"
    assert said(BOOKS, answers=None) == said(BOOKS)


def test_dead_letters_are_accounted_for_whatever_their_action() -> None:
    dead = replace(BOOKS, stored=4, rows=4, dead={"refused": 2})
    assert said(dead, actions=Counter(click=4)).startswith("Balanced: 10 sent = 4 rows")


def test_what_is_missing_is_named_with_its_place() -> None:
    lost = replace(BOOKS, stored=5, rows=5, missing=((3, 17),))
    assert said(lost, answers=None) == (
        "NOT balanced: 10 sent = 5 rows + 3 rejected + 1 duplicates + 0 dead letters + 1 missing. "
        "missing: 1 instead of 0 (lost, or still on their way: partition 3 offset 17)"
    )


def test_a_doubled_row_is_not_balanced_by_the_right_number_of_positions() -> None:
    assert "positions stored more than once: 1 instead of 0" in said(replace(BOOKS, rows=7), answers=None)


def test_other_reasons_and_other_actions_than_were_sent_differ() -> None:
    assert "not_json: 2 instead of 3" in said(replace(BOOKS, rejected={"not_json": 2, "too_old": 1}))
    assert "rows: order: 1 instead of 2" in said(BOOKS, actions=Counter(click=5, order=1))


def test_more_records_than_were_sent_are_told() -> None:
    assert "records sent: 11 instead of 10" in said(replace(BOOKS, sent=11, duplicates=2))
