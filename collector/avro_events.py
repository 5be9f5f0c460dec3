"""Events in Avro: one schema, made from the event's own fields, so that it cannot fall behind them.

Required fields have their type; all others are unions with null, absent ones null. `extra_data`, whose shape is the
sender's, is JSON in a string; `action_type` is a string, not an enum. A field that is added later has a default, so
that readers of either version resolve the other.
"""

import io
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

from clickstream.events.model import Context, Event

NAMESPACE = "clickstream"
_FINGERPRINT = "CRC-64-AVRO"
_EXTRA = "extra_data"
_PLAIN = {str: "string", bool: "boolean", int: "long", float: "double"}  # bool before int, whose subclass it is

# An event's members as they are, and `extra_data` as it stands: it may hold numbers that no decoder takes.
_fields_of_event = [(name, Any, None) for name in Event.__struct_encode_fields__ if name != _EXTRA]
_Members = msgspec.defstruct("_Members", [*_fields_of_event, (_EXTRA, msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)])
_decoder = msgspec.json.Decoder(_Members)


def _plain(hint: Any) -> str:
    for kind, name in _PLAIN.items():
        if isinstance(hint, type) and issubclass(hint, kind):
            return name
    raise TypeError(f"{hint!r} has no Avro type here")


def _type(name: str, hint: Any) -> Any:
    if name == _EXTRA:
        return "string"
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    if hint is Context:
        return {"type": "record", "name": "Context", "fields": _fields(Context)}
    return _plain(hint)


def _fields(struct: type[msgspec.Struct]) -> list[dict[str, Any]]:
    hints = get_type_hints(struct)
    found = []
    for field in msgspec.structs.fields(struct):
        kind = _type(field.encode_name, hints[field.name])
        optional = {"type": ["null", kind], "default": None}
        found.append({"name": field.encode_name, **({"type": kind} if field.required else optional)})
    return found


# The schema as its readers need it.
SCHEMA: dict[str, Any] = {"type": "record", "name": "Behavior", "namespace": NAMESPACE, "fields": _fields(Event)}
# What fastavro makes of it.
PARSED: Any = parse_schema(SCHEMA)
# CRC-64-AVRO of its canonical form, in hex: how a header names it where no registry gives it another id.
SCHEMA_ID: str = fingerprint(to_parsing_canonical_form(SCHEMA), _FINGERPRINT)


def datum(value: bytes) -> dict[str, Any]:
    """An event's JSON as what Avro writes."""
    found = msgspec.structs.asdict(_decoder.decode(value))
    extra = found[_EXTRA]
    found[_EXTRA] = None if extra is msgspec.UNSET else bytes(extra).decode()
    return found


def document(found: dict[str, Any]) -> dict[str, Any]:
    """What Avro read as the event that was written, for JSON: without its nulls, `extra_data` as it was sent."""
    kept: dict[str, Any] = {
        name: document(value) if isinstance(value, dict) else value
        for name, value in found.items()
        if value is not None
    }
    if _EXTRA in kept:
        kept[_EXTRA] = msgspec.Raw(kept[_EXTRA].encode())
    return kept


def encode(value: bytes) -> bytes:
    """An event's JSON in Avro's binary form, without its schema."""
    buffer = io.BytesIO()
    schemaless_writer(buffer, PARSED, datum(value))
    return buffer.getvalue()


def decode(value: bytes) -> dict[str, Any]:
    """The other way."""
    found = schemaless_reader(io.BytesIO(value), PARSED, None)
    assert isinstance(found, dict)
    event: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document(found)))
    return event
