import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from clickstream.events.action import RECOMMENDATION_ACTIONS, Action
from clickstream.events.decode import EXTRA_DATA_LIMIT, EventDecoder, Limits, move_unknown_fields
from clickstream.events.model import LARGEST_EVENT_BYTES, Context, EnrichedEvent, Event
from clickstream.events.rejection import Rejection
from clickstream.names import RejectReason
from tests.unit.events.bodies import RECEIVED, enriched, valid

DECODER = EventDecoder(Event)
DAY = 86_400_000


def decode(body: Any, record_ms: int = RECEIVED) -> Event | Rejection:
    return DECODER.decode(msgspec.json.encode(body), record_ms)


def accepted(body: Any, record_ms: int = RECEIVED) -> Event:
    event = decode(body, record_ms)
    assert isinstance(event, Event), event
    return event


def extra_data(event: Event) -> Any:
    return None if event.extra_data is msgspec.UNSET else json.loads(bytes(event.extra_data))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, RejectReason.TOMBSTONE),
        (b"", RejectReason.NOT_JSON),
        (b"{", RejectReason.NOT_JSON),
        (b"hello", RejectReason.NOT_JSON),
        (b'{"event_id": NaN}', RejectReason.NOT_JSON),
        (b'\xef\xbb\xbf{"event_id": "a"}', RejectReason.NOT_JSON),
        (b'{"event_id": "\\ud800"}', RejectReason.NOT_JSON),
        (b'{"event_id": "\xff"}', RejectReason.NOT_UTF8),
        (b'{"own": "\xff"}', RejectReason.NOT_UTF8),
        (b"[]", RejectReason.NOT_AN_OBJECT),
        (b"null", RejectReason.NOT_AN_OBJECT),
        (b'"event"', RejectReason.NOT_AN_OBJECT),
        (b'{"own": ' + b"[" * 100_000, RejectReason.TOO_DEEP),
        (b'{"extra_data": ' + b'{"n":' * 100_000, RejectReason.TOO_DEEP),
    ],
)
def test_a_value_that_is_no_event(value: bytes | None, reason: RejectReason) -> None:
    assert DECODER.decode(value, RECEIVED) == Rejection(reason)


WRONG: list[tuple[dict[str, Any], RejectReason, str]] = [
    ({"event_id": ""}, RejectReason.EMPTY, "event_id"),
    ({"tenant_id": ""}, RejectReason.EMPTY, "tenant_id"),
    ({"event_id": "x" * 65}, RejectReason.TOO_LONG, "event_id"),
    ({"user_id": "x" * 129}, RejectReason.TOO_LONG, "user_id"),
    ({"item_id": "x" * 129}, RejectReason.TOO_LONG, "item_id"),
    ({"url": "x" * 2049}, RejectReason.TOO_LONG, "url"),
    ({"context": {"os": "x" * 257}}, RejectReason.TOO_LONG, "context.os"),
    ({"user_id": 5}, RejectReason.WRONG_TYPE, "user_id"),
    ({"user_id": None}, RejectReason.WRONG_TYPE, "user_id"),
    ({"timestamp": "2026-01-01"}, RejectReason.WRONG_TYPE, "timestamp"),
    ({"timestamp": 1.5}, RejectReason.WRONG_TYPE, "timestamp"),
    ({"x": True}, RejectReason.WRONG_TYPE, "x"),
    ({"context": []}, RejectReason.WRONG_TYPE, "context"),
    ({"context": {"is_bot": 1}}, RejectReason.WRONG_TYPE, "context.is_bot"),
    ({"context": {"own": 1, "is_bot": 1}}, RejectReason.WRONG_TYPE, "context.is_bot"),
    ({"extra_data": []}, RejectReason.WRONG_TYPE, "extra_data"),
    ({"extra_data": "text"}, RejectReason.WRONG_TYPE, "extra_data"),
    ({"extra_data": [], "own": 1}, RejectReason.WRONG_TYPE, "extra_data"),
    ({"timestamp": -1}, RejectReason.OUT_OF_RANGE, "timestamp"),
    ({"timestamp": 4_102_444_800_001}, RejectReason.OUT_OF_RANGE, "timestamp"),
    ({"timestamp": 2**70}, RejectReason.OUT_OF_RANGE, "timestamp"),
    ({"x": -1}, RejectReason.OUT_OF_RANGE, "x"),
    ({"position": 2**31}, RejectReason.OUT_OF_RANGE, "position"),
    ({"completion_rate": 1.01}, RejectReason.OUT_OF_RANGE, "completion_rate"),
    ({"price": 1e16}, RejectReason.OUT_OF_RANGE, "price"),
    ({"action_type": "buy"}, RejectReason.UNKNOWN_ACTION, "action_type"),
    ({"action_type": "Click"}, RejectReason.UNKNOWN_ACTION, "action_type"),
    ({"action_type": 2}, RejectReason.WRONG_TYPE, "action_type"),
    ({"item_id": ""}, RejectReason.ITEM_REQUIRED, "item_id"),
    ({"item_id": None}, RejectReason.ITEM_REQUIRED, "item_id"),
    ({"extra_data": {"a": "x" * EXTRA_DATA_LIMIT}}, RejectReason.EXTRA_DATA_TOO_LARGE, "extra_data"),
    ({"own": "x" * EXTRA_DATA_LIMIT}, RejectReason.EXTRA_DATA_TOO_LARGE, "extra_data"),
]


@pytest.mark.parametrize(("change", "reason", "field"), WRONG)
def test_a_field_that_is_wrong(
    valid_body: dict[str, Any], change: dict[str, Any], reason: RejectReason, field: str
) -> None:
    assert decode({**valid_body, **change}) == Rejection(reason, field)


@pytest.mark.parametrize("name", ["event_id", "tenant_id", "scenario_id", "user_id", "action_type", "timestamp"])
def test_a_field_that_is_missing(valid_body: dict[str, Any], name: str) -> None:
    del valid_body[name]
    assert decode(valid_body) == Rejection(RejectReason.MISSING_FIELD, name)
    assert decode({**valid_body, "own": 1}) == Rejection(RejectReason.MISSING_FIELD, name)


def test_every_reason_is_shown_above_or_below() -> None:
    shown = {reason for _, reason, _ in WRONG} | {
        RejectReason.TOMBSTONE,
        RejectReason.NOT_JSON,
        RejectReason.NOT_UTF8,
        RejectReason.NOT_AN_OBJECT,
        RejectReason.TOO_DEEP,
        RejectReason.MISSING_FIELD,
        RejectReason.TIMESTAMP_TOO_OLD,
        RejectReason.TIMESTAMP_TOO_NEW,
    }
    # The collector's alone: tests/unit/events/test_sent.py and tests/unit/collector show these.
    theirs = {
        RejectReason.TENANT_MISMATCH,
        RejectReason.SCHEMA_MISMATCH,
        RejectReason.UNDECLARED_EVENT,
        RejectReason.NO_CONSENT,
    }
    # Judged by its size before it is decoded: tests/unit/sinks/clickhouse/test_ingest.py.
    assert shown == set(RejectReason) - theirs - {RejectReason.TOO_LARGE}


@pytest.mark.parametrize("own", ["1e999", '{"a": [1, -1e999]}'])
def test_a_number_beyond_all_numbers_in_an_unknown_field_names_that_field(own: str, valid_body: dict[str, Any]) -> None:
    body = json.dumps(valid_body)[:-1] + f', "fine": 1.5, "own": {own}}}'
    assert DECODER.decode(body.encode(), RECEIVED) == Rejection(RejectReason.OUT_OF_RANGE, "own")


def test_no_valid_event_is_larger_than_the_largest() -> None:
    """Each text of the longest kind, of characters that JSON writes with twelve bytes each."""

    def longest(struct: type[msgspec.Struct]) -> dict[str, Any]:
        described = inspect.type_info(struct)
        assert isinstance(described, inspect.StructType)
        found: dict[str, Any] = {}
        for field in described.fields:
            kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
            for kind in kinds:
                if isinstance(kind, inspect.StrType):
                    assert kind.max_length
                    found[field.encode_name] = "\U0001f600" * kind.max_length
                elif isinstance(kind, inspect.StructType):
                    found[field.encode_name] = longest(kind.cls)
                elif isinstance(kind, inspect.IntType | inspect.FloatType):
                    found[field.encode_name] = int(kind.le or 0)
        return found

    # Fields that are moved to extra_data may be written with six bytes a character and be eight KiB all the same.
    own = "".join(f"\\u{ord('a'):04x}" for _ in range(EXTRA_DATA_LIMIT - 20))
    now = 4_102_444_800_000
    body = {**longest(Event), "action_type": "click", "timestamp": now, "received_at": now, "position": 1}
    value = json.dumps(body, separators=(",", ":"))[:-1] + f',"own":"{own}"}}'
    event = DECODER.decode(value.encode(), now)
    assert isinstance(event, Event), event
    assert 0.9 * LARGEST_EVENT_BYTES < len(value) <= LARGEST_EVENT_BYTES


@pytest.mark.parametrize(
    "text", ["missing required field `user_id`", "of length >= 5", "`int` >= 0", "contains unknown field `x`"]
)
def test_what_a_value_says_does_not_decide_the_reason(valid_body: dict[str, Any], text: str) -> None:
    assert decode({**valid_body, "action_type": text}) == Rejection(RejectReason.UNKNOWN_ACTION, "action_type")
    assert extra_data(accepted({**valid_body, text: 1})) == {text: 1}


def test_bytes_that_are_no_utf8_inside_extra_data(valid_body: dict[str, Any]) -> None:
    value = msgspec.json.encode(valid_body)[:-1] + b',"extra_data":{"a":"\xff"}}'
    assert DECODER.decode(value, RECEIVED) == Rejection(RejectReason.NOT_UTF8, "extra_data")


@pytest.mark.parametrize("action", Action)
def test_only_recommendation_actions_need_an_item(valid_body: dict[str, Any], action: Action) -> None:
    del valid_body["item_id"]
    body = {**valid_body, "action_type": action.value}
    if action in RECOMMENDATION_ACTIONS:
        assert decode(body) == Rejection(RejectReason.ITEM_REQUIRED, "item_id")
    else:
        assert accepted(body).item_id is None


def test_lengths_count_characters_not_bytes(valid_body: dict[str, Any]) -> None:
    assert accepted({**valid_body, "event_id": "\U0001f600" * 64}).event_id == "\U0001f600" * 64
    assert decode({**valid_body, "event_id": "é" * 65}) == Rejection(RejectReason.TOO_LONG, "event_id")


def test_limits_at_their_edges(valid_body: dict[str, Any]) -> None:
    body = {
        **valid_body,
        "event_id": "x" * 64,
        "item_id": "x" * 128,
        "url": "x" * 2048,
        "x": 0,
        "y": 2**31 - 1,
        "completion_rate": 1,
        "price": 1e15,
        "extra_data": {"a": "x" * (EXTRA_DATA_LIMIT - 8)},
    }
    event = accepted(body)
    assert (event.x, event.y, event.completion_rate, event.price) == (0, 2**31 - 1, 1.0, 1e15)
    assert len(bytes(event.extra_data)) == EXTRA_DATA_LIMIT  # type: ignore[arg-type] # it is set
    body["extra_data"] = {"a": "x" * (EXTRA_DATA_LIMIT - 7)}
    assert decode(body) == Rejection(RejectReason.EXTRA_DATA_TOO_LARGE, "extra_data")


@pytest.mark.parametrize("received_at", [None, RECEIVED - 3 * DAY])
def test_age_is_measured_against_the_receipt(valid_body: dict[str, Any], received_at: int | None) -> None:
    receipt = received_at or RECEIVED
    body = {**valid_body, "received_at": received_at}
    for timestamp in (receipt - 7 * DAY, receipt + 300_000):
        assert accepted({**body, "timestamp": timestamp}).received_at == receipt
    assert decode({**body, "timestamp": receipt - 7 * DAY - 1}) == Rejection(
        RejectReason.TIMESTAMP_TOO_OLD, "timestamp"
    )
    assert decode({**body, "timestamp": receipt + 300_001}) == Rejection(RejectReason.TIMESTAMP_TOO_NEW, "timestamp")


def test_limits_of_age_can_be_set(valid_body: dict[str, Any]) -> None:
    decoder = EventDecoder(Event, Limits(oldest_ms=10, newest_ms=0))
    value = msgspec.json.encode(valid_body)
    assert isinstance(decoder.decode(value, RECEIVED + 10), Event)
    assert decoder.decode(value, RECEIVED + 11) == Rejection(RejectReason.TIMESTAMP_TOO_OLD, "timestamp")
    assert decoder.decode(value, RECEIVED - 1) == Rejection(RejectReason.TIMESTAMP_TOO_NEW, "timestamp")


def test_null_is_the_same_as_absent(valid_body: dict[str, Any]) -> None:
    absent = accepted(valid_body)
    optional = set(Event.__struct_encode_fields__) - valid_body.keys()
    assert accepted({**valid_body, **dict.fromkeys(optional)}) == absent
    assert absent.event_name == "click"
    assert absent.extra_data is msgspec.UNSET


def test_a_custom_event_keeps_its_name(valid_body: dict[str, Any]) -> None:
    assert accepted({**valid_body, "action_type": "custom", "event_name": "zoom"}).event_name == "zoom"


def test_unknown_fields_go_to_extra_data(valid_body: dict[str, Any]) -> None:
    event = accepted(
        {**valid_body, "own": [1, {"b": None}], "context": {"os": "x", "more": 5}, "extra_data": {"sent": 1}}
    )
    assert extra_data(event) == {"own": [1, {"b": None}], "context": {"more": 5}, "sent": 1}
    assert event.context == Context(os="x")


def test_an_unknown_field_whose_name_extra_data_has_already_is_not_lost(valid_body: dict[str, Any]) -> None:
    event = accepted({**valid_body, "own": 1, "more": 2, "more_": 3, "extra_data": {"own": 4, "own_": 5, "more": 6}})
    assert extra_data(event) == {"own": 4, "own_": 5, "own__": 1, "more": 6, "more_": 2, "more__": 3}


def test_moving_leaves_the_given_object_alone() -> None:
    body = {"own": 1, "context": {"more": 1}, "extra_data": {"sent": 1}}
    move_unknown_fields(body)
    assert body == {"own": 1, "context": {"more": 1}, "extra_data": {"sent": 1}}


def test_extra_data_does_not_keep_the_kafka_value_alive(valid_body: dict[str, Any]) -> None:
    value = msgspec.json.encode({**valid_body, "extra_data": {"a": 1}})
    event = DECODER.decode(value, RECEIVED)
    assert isinstance(event, Event)
    assert isinstance(event.extra_data, msgspec.Raw)
    assert memoryview(event.extra_data).obj is not value


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=30) | st.none() | st.just(b"{}"), max_size=8))
def test_a_batch_has_one_answer_a_value_and_nothing_raises(values: list[bytes | None]) -> None:
    answers = DECODER.decode_batch(values, [RECEIVED] * len(values))
    assert len(answers) == len(values)
    assert answers == [DECODER.decode(value, RECEIVED) for value in values]


@settings(max_examples=60)
@given(valid(), st.data())
def test_a_value_cut_or_spoilt_anywhere_never_raises(body: dict[str, Any], data: st.DataObject) -> None:
    value = bytearray(msgspec.json.encode(body))
    value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(DECODER.decode(bytes(value), RECEIVED), Event | Rejection)
    cut = bytes(value[: data.draw(st.integers(0, len(value) - 1))])
    assert isinstance(DECODER.decode(cut, RECEIVED), Rejection)


@settings(max_examples=60)
@given(valid())
def test_an_event_decoded_and_encoded_keeps_every_field(body: dict[str, Any]) -> None:
    first = accepted(body)
    encoded = msgspec.json.encode(first)
    sent = {name: value for name, value in body.items() if value is not None}
    if "context" in sent:
        sent["context"] = {name: value for name, value in sent["context"].items() if value is not None}
    added = {"received_at": first.received_at, "event_name": first.event_name}
    assert json.loads(encoded) == added | sent
    assert DECODER.decode(encoded, RECEIVED) == first


@settings(max_examples=40)
@given(enriched)
def test_an_enriched_event_keeps_its_position_and_dimensions(body: dict[str, Any]) -> None:
    decoder = EventDecoder(EnrichedEvent)
    event = decoder.decode(msgspec.json.encode(body), RECEIVED)
    assert isinstance(event, EnrichedEvent), event
    assert (event.epoch, event.partition, event.offset) == (body["_epoch"], body["_partition"], body["_offset"])
    assert event.dim_missing == body.get("dim_missing")
    assert decoder.decode(msgspec.json.encode(event), RECEIVED) == event


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"_epoch": 2**32}, RejectReason.OUT_OF_RANGE),
        ({"_partition": 2**16}, RejectReason.OUT_OF_RANGE),
        ({"_offset": -1}, RejectReason.OUT_OF_RANGE),
        ({"_offset": None}, RejectReason.WRONG_TYPE),
    ],
)
def test_a_position_that_no_column_holds(
    valid_body: dict[str, Any], change: dict[str, Any], reason: RejectReason
) -> None:
    body = {**valid_body, "_epoch": 2**32 - 1, "_partition": 2**16 - 1, "_offset": 2**62, **change}
    answer = EventDecoder(EnrichedEvent).decode(msgspec.json.encode(body), RECEIVED)
    assert answer == Rejection(reason, next(iter(change)))


def test_enriched_columns_are_unknown_fields_of_a_raw_event(valid_body: dict[str, Any]) -> None:
    # A client that sends them cannot forge a dimension or a position.
    event = accepted({**valid_body, "_offset": 7, "geo_city": "Bonn"})
    assert extra_data(event) == {"_offset": 7, "geo_city": "Bonn"}
