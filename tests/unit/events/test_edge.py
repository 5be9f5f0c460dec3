"""The edge's model and the hot path's decoder take and refuse the same events, for the same reasons."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from clickstream.events.decode import EventDecoder, Limits
from clickstream.events.edge import LIMITS, RECEIVED_AT, BehaviorContext, BehaviorEvent, rejections
from clickstream.events.model import Context, Event
from clickstream.events.rejection import Rejection
from clickstream.names import RejectReason
from tests.unit.events.bodies import RECEIVED, SUSPECTS, mutated, valid

DECODER = EventDecoder(Event)


def at_the_edge(body: Any) -> Event | list[Rejection]:
    try:
        model: BehaviorEvent = BehaviorEvent.model_validate(body, context={RECEIVED_AT: RECEIVED})
    except ValidationError as error:
        return rejections(error)
    return model.to_event()


def on_the_hot_path(body: Any) -> Event | Rejection:
    return DECODER.decode(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), RECEIVED)


def plain(event: Event) -> dict[str, Any]:
    # Raw compares by its bytes, and numbers in it may be written in more than one way.
    fields = msgspec.structs.asdict(event)
    fields["extra_data"] = None if event.extra_data is msgspec.UNSET else json.loads(bytes(event.extra_data))
    return fields


@settings(max_examples=60)
@given(valid())
def test_both_take_a_valid_event_and_make_the_same_of_it(body: dict[str, Any]) -> None:
    hot, edge = on_the_hot_path(body), at_the_edge(body)
    assert isinstance(hot, Event), hot
    assert isinstance(edge, Event), edge
    assert plain(edge) == plain(hot)


@settings(max_examples=60)
@given(mutated())
def test_both_judge_a_changed_field_alike(change: tuple[dict[str, Any], str]) -> None:
    body, path = change
    hot, edge = on_the_hot_path(body), at_the_edge(body)
    if isinstance(hot, Event):
        assert isinstance(edge, Event), (path, edge)
        assert plain(edge) == plain(hot)
    else:
        assert not isinstance(edge, Event), (path, hot)
        assert edge == [hot], path


@settings(max_examples=60)
@given(valid(), st.dictionaries(st.sampled_from([*Event.__struct_encode_fields__, "more"]), SUSPECTS, min_size=2))
def test_both_agree_when_several_fields_are_wrong(body: dict[str, Any], changes: dict[str, Any]) -> None:
    hot, edge = on_the_hot_path({**body, **changes}), at_the_edge({**body, **changes})
    assert isinstance(hot, Event) == isinstance(edge, Event), (hot, edge)


@pytest.mark.parametrize("body", [[], None, 5, "text", True])
def test_no_object(body: Any) -> None:
    assert at_the_edge(body) == [Rejection(RejectReason.NOT_AN_OBJECT)] == [on_the_hot_path(body)]


def test_every_fault_is_named_at_once(valid_body: dict[str, Any]) -> None:
    del valid_body["user_id"]
    valid_body |= {"x": -1, "context": {"os": 5}}
    assert at_the_edge(valid_body) == [
        Rejection(RejectReason.MISSING_FIELD, "user_id"),
        Rejection(RejectReason.OUT_OF_RANGE, "x"),
        Rejection(RejectReason.WRONG_TYPE, "context.os"),
    ]


def test_half_of_a_surrogate_pair_is_refused(valid_body: dict[str, Any]) -> None:
    # json.loads lets it through, no UTF-8 encoder takes it.
    assert at_the_edge({**valid_body, "title": "\ud800"}) == [Rejection(RejectReason.NOT_JSON, "title")]
    assert at_the_edge({**valid_body, "own": "\ud800"}) == [Rejection(RejectReason.NOT_JSON, "extra_data")]


def test_what_json_cannot_say_is_refused(valid_body: dict[str, Any]) -> None:
    for number in (float("nan"), float("inf")):
        assert at_the_edge({**valid_body, "price": number}) == [Rejection(RejectReason.OUT_OF_RANGE, "price")]


def test_extra_data_nested_too_deep(valid_body: dict[str, Any]) -> None:
    nested: dict[str, Any] = {}
    for _ in range(3000):
        nested = {"n": nested}
    assert at_the_edge({**valid_body, "extra_data": nested}) == [Rejection(RejectReason.TOO_DEEP, "extra_data")]


def test_age_is_judged_by_the_receipt_that_the_service_gives(valid_body: dict[str, Any]) -> None:
    old = {**valid_body, "timestamp": RECEIVED - 60_000}
    context = {RECEIVED_AT: RECEIVED, LIMITS: Limits(oldest_ms=59_999)}
    with pytest.raises(ValidationError) as failure:
        BehaviorEvent.model_validate(old, context=context)
    assert rejections(failure.value) == [Rejection(RejectReason.TIMESTAMP_TOO_OLD, "timestamp")]
    assert BehaviorEvent.model_validate(old).to_event().received_at == RECEIVED - 60_000  # not judged: no receipt known


def test_the_models_describe_the_structs() -> None:
    assert list(BehaviorEvent.model_fields) == list(Event.__struct_encode_fields__)
    assert list(BehaviorContext.model_fields) == list(Context.__struct_encode_fields__)
    schema = BehaviorEvent.model_json_schema()
    assert schema["properties"]["event_id"] == {"maxLength": 64, "minLength": 1, "title": "Event Id", "type": "string"}
    assert schema["required"] == ["event_id", "tenant_id", "scenario_id", "user_id", "action_type", "timestamp"]
    assert schema["additionalProperties"] is True
