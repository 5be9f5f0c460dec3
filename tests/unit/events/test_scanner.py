"""One event that the decoder cannot follow does not take those beside it along, and costs no more than others do."""

import json
from itertools import cycle, islice
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.events.course import mapped
from clickstream.events.rejection import Rejection
from clickstream.events.scanner import TOKENS, Scanner, nested
from clickstream.events.sent import Intake, Sender, Taken, UnreadableError
from clickstream.names import RejectReason

NOW = 1_800_000_000_000
SENDER = Sender("shop", "web")
CLICK = json.dumps({"user_id": "u", "item_id": "i", "action_type": "click", "timestamp": NOW})
DEEP = "[" * 5_000 + "]" * 5_000


def with_member(member: str) -> str:
    return f"{CLICK[:-1]}, {member}}}"


def taken(*events: str) -> Taken:
    return Intake().take(f" [{' , '.join(events)} ]\n".encode("utf-8", "surrogatepass"), SENDER, NOW)


ODD = [
    (r'"title": "\ud800"', RejectReason.NOT_JSON, "title"),
    (r'"title": "\udc00\ud800 or \"both\\"', RejectReason.NOT_JSON, "title"),
    (r'"own": ["fine \\ud800", "\uD83Dx"]', RejectReason.NOT_JSON, "own"),
    (r'"context": {"browser": "x", "os": "\ud800"}', RejectReason.NOT_JSON, "context.os"),
    (r'"extra_data": {"note": "\udfff"}', RejectReason.NOT_JSON, "extra_data.note"),
    (r'"\ud800": 1', RejectReason.NOT_JSON, r"\ud800"),
    (f'"own": {DEEP}', RejectReason.TOO_DEEP, "own"),
    (f'"extra_data": {{"a": 1, "b": {DEEP}}}', RejectReason.TOO_DEEP, "extra_data.b"),
    ('"title": "\udc80"', RejectReason.NOT_UTF8, "title"),
    ('"own": 1e999', RejectReason.OUT_OF_RANGE, "own"),
]


@pytest.mark.parametrize(("member", "reason", "field"), ODD, ids=lambda value: str(value)[:30])
def test_the_event_alone_is_refused_with_its_field(member: str, reason: RejectReason, field: str) -> None:
    odd = with_member(member)
    found = taken(CLICK, odd, CLICK)
    assert found.places == [0, 2]
    (refused,) = found.refused
    assert (refused.index, refused.rejection) == (1, Rejection(reason, field))
    assert refused.raw == odd.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(("member", "reason", "field"), ODD, ids=lambda value: str(value)[:30])
def test_also_among_events_of_another_form(member: str, reason: RejectReason, field: str) -> None:
    course = '{"type": "view", "user_id": 7, "payload": {"item_id": 1}}'
    body = f"[{course}, {with_member(member)}, {course}]".encode("utf-8", "surrogatepass")
    found = Intake().take_mapped(body, mapped, SENDER, NOW)
    assert ([event.item_id for event in found.events], found.places) == (["1", "1"], [0, 2])
    (refused,) = found.refused
    assert (refused.index, refused.rejection) == (1, Rejection(reason, field))


def test_what_is_no_object_is_refused_alone_too() -> None:
    found = taken("5", DEEP, r'"\ud800"', CLICK, "[]")
    assert found.places == [3]
    assert [(each.index, each.rejection.reason) for each in found.refused] == [
        (0, RejectReason.NOT_AN_OBJECT),
        (1, RejectReason.TOO_DEEP),
        (2, RejectReason.NOT_JSON),
        (4, RejectReason.NOT_AN_OBJECT),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"[{DEEP}]", RejectReason.TOO_DEEP),
        (with_member(r'"a": "\ud800"'), RejectReason.NOT_JSON),
        (r'["\ud800", "\ud800"]', RejectReason.NOT_JSON),
        (f"[{CLICK}, {DEEP}", RejectReason.TOO_DEEP),
        (f"[{CLICK}, {DEEP}]]", RejectReason.TOO_DEEP),
        (f"[{CLICK}, {DEEP}}}", RejectReason.TOO_DEEP),
        (f"[{CLICK}, {DEEP},]", RejectReason.TOO_DEEP),
        (f"[{CLICK} {DEEP}]", RejectReason.NOT_JSON),
        (rf'[{CLICK}, {{"a": "\ud800", "b"}}]', RejectReason.NOT_JSON),
        (rf'[{CLICK}, {{"a": \ud800}}]', RejectReason.NOT_JSON),
        (rf'[{CLICK}, {{"a": "\ud800}}]', RejectReason.NOT_JSON),
        (rf'[{CLICK}, "\ud800"] 1', RejectReason.NOT_JSON),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_what_is_no_json_or_holds_nothing_that_can_be_read_is_refused_whole(body: str, reason: RejectReason) -> None:
    with pytest.raises(UnreadableError) as raised:
        Intake().take(body.encode(), SENDER, NOW)
    assert raised.value.reason is reason


def test_nesting_that_only_the_first_look_can_follow_makes_nothing_fail() -> None:
    # Each call leaves less of the interpreter's stack: somewhere here the first look passes, and a later one does not.
    old = CLICK.replace(str(NOW), "1")
    for depth in range(400, 1_100):
        nest = with_member(f'"extra_data": {{"a": {"[" * depth}{"]" * depth}}}')
        found = Intake().take(f"[{nest}, {old}, {CLICK}]".encode(), SENDER, NOW)
        assert [each.index for each in found.refused] == ([1] if depth < 500 else [0, 1])
        assert found.places[-1] == 2
        if depth >= 500:
            assert found.refused[0].rejection.reason is RejectReason.TOO_DEEP
            assert found.refused[0].rejection.field.startswith("extra_data")


def test_a_long_name_is_cut() -> None:
    (refused,) = taken(CLICK, with_member(f'"{"n" * 5_000}": 1e999')).refused
    assert refused.rejection.field == "n" * 256


MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    "filling", ["[]", "[],", "[", "[,", '"",', '{"a":1},', r'"\ud800",', "\\", '\\"', r'"\\",', '"']
)
def test_it_looks_at_so_many_tokens_and_no_more(filling: str) -> None:
    body = "".join(["[", CLICK, ",", DEEP, ",[", *islice(cycle([filling]), MEBIBYTE // len(filling)), "0]]"]).encode()
    scanner = Scanner(20_000)
    scanner.elements(body, 500)
    for _ in range(3):
        scanner.unreadable_member(b'{"a":' + body + b"}")
    assert scanner._left >= 0
    if b"[]" in filling.encode():
        assert scanner._left == 0
        assert scanner.elements(b"[1]", 500) is None
        assert scanner.unreadable_member(b'{"a": 1e999}') == ""


def test_a_whole_batch_of_long_events_is_within_its_tokens() -> None:
    fields = ", ".join(f'"field_{number}": "{number}"' for number in range(100))
    events = [with_member(rf'{fields}, "title": "\ud800"') for _ in range(400)]
    assert TOKENS > 2 * 400 * 300
    found = taken(CLICK, *events)
    assert found.places == [0]
    assert {each.rejection.field for each in found.refused} == {"title"}


def test_more_than_allowed_are_not_looked_for() -> None:
    found = Scanner().elements(f"[{CLICK}, {DEEP}, 1, 2, 3, 4".encode(), 3)
    assert found is not None
    assert len(found) == 4


def test_how_deep() -> None:
    for depth in (499, 500, 501):
        value = ("[" * depth + '"[[[[' + "[" * 500 + r"\"[[" + '"' + "]" * depth).encode()
        assert nested(value, 500) is (depth > 500)
    assert not nested(("[" + "[]," * 2_000 + "0]").encode(), 500)


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.lists(values, min_size=1, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_elements_are_those_that_a_decoder_finds(found: list[Any], indent: int | None, ascii_only: bool) -> None:
    body = json.dumps(found, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    pieces = Scanner().elements(body, 5)
    if pieces is None:
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(body)
    else:
        assert [json.loads(piece.decode("utf-8", "surrogatepass")) for piece in pieces] == found
