"""What clients send, and what becomes of it: the fast way and the slow way judge alike."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.events.aliases import Aliases
from clickstream.events.course import mapped
from clickstream.events.decode import Limits
from clickstream.events.model import Event
from clickstream.events.query import event_of
from clickstream.events.rejection import Rejection
from clickstream.events.sent import Intake, Sender, Taken, TooManyError, UnreadableError
from clickstream.names import RejectReason

NOW = 1_800_000_000_000
SENDER = Sender("shop", "web")
CLICK: dict[str, Any] = {"user_id": "u", "item_id": "i", "action_type": "click", "timestamp": NOW}


def take(body: Any, intake: Intake | None = None, sender: Sender = SENDER) -> Taken:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (intake or Intake()).take(raw, sender, NOW)


def one(body: Any, intake: Intake | None = None) -> Event:
    taken = take(body, intake)
    assert not taken.refused, taken.refused
    (event,) = taken.events
    return event


def refusal(body: Any, intake: Intake | None = None, sender: Sender = SENDER) -> Rejection:
    taken = take(body, intake, sender)
    assert not taken.events
    (refused,) = taken.refused
    return refused.rejection


def test_what_is_missing_is_filled_in() -> None:
    event = one(CLICK)
    assert (event.tenant_id, event.scenario_id, event.received_at) == ("shop", "web", NOW)
    assert int(event.event_id.replace("-", "")[:12], 16) == NOW
    assert one(CLICK).event_id != event.event_id


def test_what_is_sent_stays_but_for_the_time_of_receipt() -> None:
    event = one({**CLICK, "event_id": "e", "scenario_id": "s", "tenant_id": "shop", "received_at": 5})
    assert (event.event_id, event.scenario_id, event.received_at) == ("e", "s", NOW)


@pytest.mark.parametrize("fields", [{}, {"own": 1}])
def test_another_tenant_is_refused_on_both_ways(fields: dict[str, Any]) -> None:
    assert refusal({**CLICK, **fields, "tenant_id": "other"}) == Rejection(RejectReason.TENANT_MISMATCH, "tenant_id")


def test_without_any_scenario_there_is_none() -> None:
    assert refusal(CLICK, sender=Sender("shop")) == Rejection(RejectReason.MISSING_FIELD, "scenario_id")


def test_published_names_and_words() -> None:
    event = one(
        {"action": "conversion", "itemId": "i", "userId": "u", "tenantId": "shop", "scenarioId": "s", "timestamp": NOW}
    )
    assert (event.action_type, event.item_id, event.user_id, event.scenario_id) == ("order", "i", "u", "s")
    for word, action in (("favourite", "like"), ("cart", "add_cart")):
        assert one({**CLICK, "action_type": word}).action_type == action


def test_the_published_trackers_body_is_of_the_time_of_receipt() -> None:
    body = {"action": "view", "itemId": "i", "userId": "u", "tenantId": "shop", "scenarioId": "s"}
    for sent in (body, [body], {**body, "timestamp": None}):
        assert one(sent).timestamp == NOW
    own = {"user_id": "u", "action_type": "pageview"}
    assert one(own).timestamp == NOW
    assert json.loads(msgspec.json.encode(one(own)))["timestamp"] == NOW
    for wrong in (-1, "now"):
        assert refusal({**own, "timestamp": wrong}).field == "timestamp"


def test_a_click_on_no_item_is_a_custom_event() -> None:
    event = one({"user_id": "u", "action_type": "click", "timestamp": NOW, "x": 1, "y": 2})
    assert (event.action_type, event.event_name, event.x) == ("custom", "click", 1)


def test_configured_names_words_and_defaults() -> None:
    aliases = Aliases({"sku": "item_id"}, {"platform": {"w": "web"}}, {"channel": "mail"}, frozenset({"coupon"}))
    event = one(
        {"user_id": "u", "sku": "i", "action": "coupon", "timestamp": NOW, "platform": "w"}, Intake(None, aliases)
    )
    assert (event.item_id, event.platform, event.channel) == ("i", "web", "mail")
    assert (event.action_type, event.event_name) == ("custom", "coupon")


def test_good_events_pass_beside_bad_ones() -> None:
    taken = take([CLICK, {**CLICK, "x": "left"}, CLICK, None])
    assert taken.places == [0, 2]
    assert [(each.index, each.rejection.field) for each in taken.refused] == [(1, "x"), (3, "")]
    assert json.loads(taken.refused[0].raw)["x"] == "left"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", RejectReason.NOT_JSON),
        (b"[", RejectReason.NOT_JSON),
        (b"hello", RejectReason.NOT_JSON),
        (b"5", RejectReason.NOT_AN_OBJECT),
        (b'"text"', RejectReason.NOT_AN_OBJECT),
        (b"[" * 100_000, RejectReason.TOO_DEEP),
        (b'{"a":' * 100_000, RejectReason.TOO_DEEP),
        (b"\xff\xfe", RejectReason.NOT_UTF8),
    ],
)
def test_bodies_that_are_no_events(body: bytes, reason: RejectReason) -> None:
    with pytest.raises(UnreadableError) as raised:
        take(body)
    assert raised.value.reason is reason


def test_too_many() -> None:
    assert len(take([CLICK] * 3, Intake(most=3)).events) == 3
    with pytest.raises(TooManyError):
        take([CLICK] * 4, Intake(most=3))
    with pytest.raises(TooManyError):
        take([{}] * 4, Intake(most=3))


def test_a_body_is_taken_apart_once_however_many_events_are_refused() -> None:
    class Counting:
        count = 0

        def decode(self, body: bytes) -> list[msgspec.Raw]:
            self.count += 1
            return msgspec.json.decode(body, type=list[msgspec.Raw])

    intake, counting = Intake(), Counting()
    intake._raws = counting  # type: ignore[assignment] # counts, and does the same
    taken = take([{**CLICK, "timestamp": number} for number in range(50)], intake)
    assert [json.loads(each.raw)["timestamp"] for each in taken.refused] == list(range(50))
    assert counting.count == 1


def test_too_old() -> None:
    assert refusal({**CLICK, "timestamp": NOW - 1001}, Intake(Limits(1000, 0))).reason is RejectReason.TIMESTAMP_TOO_OLD


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([*Event.__struct_encode_fields__, "action", "itemId", "own"])


@settings(max_examples=300)
@given(st.lists(st.dictionaries(names, values, max_size=4).map(lambda odd: {**CLICK, **odd}) | values, max_size=4))
def test_any_json_is_taken_or_refused_and_nothing_is_lost(body: list[Any]) -> None:
    taken = Intake().take(json.dumps(body).encode("utf-8", "surrogatepass"), SENDER, NOW) if _is_json(body) else None
    if taken is not None:
        assert sorted([*taken.places, *(each.index for each in taken.refused)]) == list(range(len(body)))
        for event in taken.events:
            msgspec.json.decode(msgspec.json.encode(event), type=Event)
    Intake().take_values(
        [mapped(each) if isinstance(each, dict) else 0 for each in body if _is_json([each])], SENDER, NOW
    )


def _is_json(body: list[Any]) -> bool:
    try:
        msgspec.json.decode(json.dumps(body))
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return True


COURSE = {
    "type": "click",
    "session_id": "user-session-1001",
    "user_id": 1001,
    "url": "/catalog?foo=bar",
    "created_at": "2027-01-15T08:00:00Z",
    "user_agent": "Mozilla/5.0 (Linux; Android 7.1.1; SM-J700T1) Chrome/78.0.3882.0",
    "payload": {"event_title": "checkout", "element_id": "#submit-button", "x": 445, "y": 315},
}


def test_the_course_body() -> None:
    (event,) = Intake().take_values([mapped(COURSE)], SENDER, NOW).events
    assert (event.action_type, event.event_name, event.title) == ("custom", "click", "checkout")
    assert (event.user_id, event.timestamp, event.x, event.y) == ("1001", NOW, 445, 315)
    assert event.context is not None
    assert event.context.user_agent == COURSE["user_agent"]
    (item,) = Intake().take_values([mapped({**COURSE, "payload": {"item_id": 7}})], SENDER, NOW).events
    assert (item.action_type, item.item_id) == ("click", "7")


def test_a_time_that_names_no_zone_is_utc_wherever_the_collector_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        for said in ("2027-01-15T08:00:00", "2027-01-15 08:00:00Z", "2027-01-15T13:30:00+05:30"):
            assert mapped({"created_at": said})["timestamp"] == NOW
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_pixels_query() -> None:
    query = [("key", "k"), ("userId", "u"), ("x", "5"), ("completion_rate", "0.5"), ("y", "left"), ("price", "nan")]
    assert event_of(query) == {"userId": "u", "x": 5, "completion_rate": 0.5, "y": "left", "price": "nan"}
