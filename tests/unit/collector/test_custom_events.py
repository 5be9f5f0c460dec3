"""Declared custom events: their payload fits its schema, or the path of what does not is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from clickstream.errors import ConfigurationError
from clickstream.events.rejection import Rejection
from clickstream.events.sent import Intake, Sender, Taken
from clickstream.names import RejectReason
from collector.configuration.model import CustomEvent
from collector.custom_events import CustomEvents

NOW = 1_800_000_000_000
COUPON = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string"}, "lines": {"items": {"properties": {"amount": {"type": "number"}}}}},
}


def take(name: str, extra: Any = None, *, undeclared: bool = True, action: str = "custom") -> Taken:
    rule = CustomEvents({"coupon": CustomEvent(json_schema=COUPON)}, undeclared=undeclared)
    event = {"user_id": "u", "action_type": action, "event_name": name, "timestamp": NOW}
    body = event if extra is None else {**event, "extra_data": extra}
    return Intake(rules=[rule]).take(json.dumps(body).encode(), Sender("t", "s"), NOW)


def test_a_payload_that_fits() -> None:
    assert len(take("coupon", {"code": "A", "lines": [{"amount": 1.5}]}).events) == 1


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        (None, "extra_data.code"),
        ({}, "extra_data.code"),
        ({"code": 5}, "extra_data.code"),
        ({"code": "A", "lines": [{}, {"amount": "x"}]}, "extra_data.lines.1.amount"),
    ],
)
def test_one_that_does_not(extra: Any, field: str) -> None:
    (refused,) = take("coupon", extra).refused
    assert refused.rejection == Rejection(RejectReason.SCHEMA_MISMATCH, field)


def test_a_member_too_many_is_named() -> None:
    schema = {"properties": {"deep": {"properties": {"a": {}}, "additionalProperties": False}}}
    rule = CustomEvents({"coupon": CustomEvent(json_schema=schema)}, undeclared=True)
    body = {"user_id": "u", "action_type": "custom", "event_name": "coupon", "timestamp": NOW}
    sent = json.dumps({**body, "extra_data": {"deep": {"a": 1, "b": 2}}}).encode()
    (refused,) = Intake(rules=[rule]).take(sent, Sender("t", "s"), NOW).refused
    assert refused.rejection == Rejection(RejectReason.SCHEMA_MISMATCH, "extra_data.deep.b")


RECURSIVE = {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"n": {"$ref": "#/$defs/node"}}}}}
RECURSIVE_AVRO = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "n", "type": ["null", "Node"], "default": None}],
}


@pytest.mark.parametrize("schema", [{"json_schema": RECURSIVE}, {"avro": RECURSIVE_AVRO}], ids=["json", "avro"])
@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ('{"n": 1e999}', RejectReason.OUT_OF_RANGE),
        ('{"n":' * 800 + "{}" + "}" * 800, RejectReason.TOO_DEEP),
    ],
)
def test_what_no_schema_can_look_at_is_refused(schema: dict[str, Any], extra: str, reason: RejectReason) -> None:
    rule = CustomEvents({"coupon": CustomEvent(**schema)}, undeclared=False)
    head = f'{{"user_id":"u","action_type":"custom","event_name":"coupon","timestamp":{NOW},"extra_data":'
    (refused,) = Intake(rules=[rule]).take(f"{head}{extra}}}".encode(), Sender("t", "s"), NOW).refused
    assert refused.rejection == Rejection(reason, "extra_data")


@pytest.mark.parametrize("reference", ["#/$defs/none", "other.json", "https://schemas.example/coupon.json"])
def test_a_schema_that_refers_to_nothing(reference: str) -> None:
    wrong = CustomEvent(json_schema={"properties": {"code": {"$ref": reference}}})
    with pytest.raises(ConfigurationError, match=r"events.e.json_schema: .ref '.*' leads nowhere"):
        CustomEvents({"e": wrong}, undeclared=True)
    right = {"$defs": {"code": {"type": "string"}}, "properties": {"code": {"$ref": "#/$defs/code"}}}
    CustomEvents({"e": CustomEvent(json_schema=right)}, undeclared=True)


AVRO = {
    "type": "record",
    "name": "Coupon",
    "fields": [
        {"name": "code", "type": "string"},
        {
            "name": "lines",
            "default": [],
            "type": {
                "type": "array",
                "items": {"type": "record", "name": "Line", "fields": [{"name": "amount", "type": "double"}]},
            },
        },
        {"name": "first", "type": ["null", "Line"], "default": None},
        {"name": "tags", "type": {"type": "map", "values": "int"}, "default": {}},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}, "default": "A"},
    ],
}


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"code": "A"}, None),
        ({"code": "A", "lines": [{"amount": 1}], "first": {"amount": 2.5}, "tags": {"x": 1}, "kind": "B"}, None),
        ({"code": "A", "first": None, "own": {"anything": []}}, None),
        ({}, "extra_data.code"),
        (None, "extra_data.code"),
        ({"code": 5}, "extra_data.code"),
        ({"code": "A", "lines": {}}, "extra_data.lines"),
        ({"code": "A", "lines": [{"amount": 1}, {"amount": "x"}]}, "extra_data.lines.1.amount"),
        ({"code": "A", "first": {"amount": True, "x": 1}}, "extra_data.first.amount"),
        ({"code": "A", "first": 3}, "extra_data.first"),
        ({"code": "A", "tags": {"x": 1, "y": 1.5}}, "extra_data.tags.y"),
        ({"code": "A", "kind": "C"}, "extra_data.kind"),
    ],
)
def test_payloads_by_avro(extra: Any, field: str | None) -> None:
    rule = CustomEvents({"coupon": CustomEvent(avro=AVRO)}, undeclared=False)
    event = {"user_id": "u", "action_type": "custom", "event_name": "coupon", "timestamp": NOW}
    body = event if extra is None else {**event, "extra_data": extra}
    taken = Intake(rules=[rule]).take(json.dumps(body).encode(), Sender("t", "s"), NOW)
    assert [each.rejection for each in taken.refused] == (
        [] if field is None else [Rejection(RejectReason.SCHEMA_MISMATCH, field)]
    )


def test_others_pass_unless_all_must_be_declared() -> None:
    assert take("survey").events
    (refused,) = take("survey", undeclared=False).refused
    assert refused.rejection == Rejection(RejectReason.UNDECLARED_EVENT, "event_name")
    assert take("survey", undeclared=False, action="pageview").events
    assert take("click", undeclared=False, action="click").events


def test_a_schema_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text("{")
    for wrong in ({"type": "nonsense"}, file, tmp_path / "missing.json"):
        with pytest.raises(ConfigurationError, match=r"events.e.json_schema: "):
            CustomEvents({"e": CustomEvent(json_schema=wrong)}, undeclared=True)
    for wrong in ({"type": "nonsense"}, {"type": "array", "items": "string"}, file, tmp_path / "missing.avsc"):
        with pytest.raises(ConfigurationError, match=r"events.e.avro: "):
            CustomEvents({"e": CustomEvent(avro=wrong)}, undeclared=True)
    for neither in ({}, {"avro": AVRO, "json_schema": COUPON}):
        with pytest.raises(ValueError, match="name one schema"):
            CustomEvent.model_validate(neither)
