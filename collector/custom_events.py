"""Custom events whose payload has a declared schema."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from fastavro.schema import SchemaParseException, UnknownType
from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.exceptions import best_match
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped] # it ships no types

from clickstream.errors import ConfigurationError
from clickstream.events.action import Action
from clickstream.events.decode import PARSE_ERRORS, rejection_of
from clickstream.events.model import Event
from clickstream.events.rejection import RejectedError
from clickstream.names import RejectReason
from collector.avro_payload import avro_judge
from collector.configuration.model import CustomEvent
from collector.schema_references import unresolvable

# Says where a payload breaks its schema; None where it does not.
Judge = Callable[[Any], Sequence[str | int] | None]

_EXTRA = "extra_data"
_LONGEST_PATH = 256
# What the collector itself makes of a click on no item.
_ALWAYS = frozenset({Action.CLICK.value, Action.CUSTOM.value})


class CustomEvents:
    """Judges an event by the schema of its name: a rule for `Intake`.

    Args:
        declared: by name.
        undeclared: whether custom events of other names pass.

    Raises:
        ConfigurationError: a schema cannot be read, or is none.
    """

    def __init__(self, declared: Mapping[str, CustomEvent], *, undeclared: bool) -> None:
        self._undeclared = undeclared
        self._schemas = {name: _judge(name, event) for name, event in declared.items()}

    def __call__(self, event: Event) -> None:
        """Check one event.

        Raises:
            RejectedError: its payload breaks the schema, or it is not declared and must be.
        """
        if event.action_type is not Action.CUSTOM:
            return
        schema = self._schemas.get(event.event_name or "")
        if schema is None:
            if self._undeclared or event.event_name in _ALWAYS:
                return
            raise RejectedError(RejectReason.UNDECLARED_EVENT, "event_name")
        fault = _fault(event, schema)
        if fault is not None:
            path = ".".join(map(str, (_EXTRA, *fault)))
            raise RejectedError(RejectReason.SCHEMA_MISMATCH, path[:_LONGEST_PATH])


def _fault(event: Event, schema: Judge) -> Sequence[str | int] | None:
    if event.extra_data is msgspec.UNSET:
        return schema({})
    try:
        # Whoever stores `extra_data` as text takes what no schema can look at: numbers beyond float64, endless nesting.
        return schema(msgspec.json.decode(event.extra_data))
    except PARSE_ERRORS as error:
        raise RejectedError(rejection_of(error, bytes(event.extra_data)).reason, _EXTRA) from None


def _judge(name: str, event: CustomEvent) -> Judge:
    kind, given = ("avro", event.avro) if event.avro is not None else ("json_schema", event.json_schema)
    try:
        schema = json.loads(given.read_bytes()) if isinstance(given, Path) else given
        return avro_judge(schema) if kind == "avro" else _json_judge(schema)
    except (OSError, ValueError, SchemaError, SchemaParseException, UnknownType) as error:
        reason = error.message if isinstance(error, SchemaError) else error
        raise ConfigurationError(f"events.{name}.{kind}: {reason}") from error


def _json_judge(schema: Any) -> Judge:
    Draft202012Validator.check_schema(schema)
    if reference := unresolvable(schema):
        raise ValueError(f"$ref {reference!r} leads nowhere: a schema stands in one piece, nothing is fetched")
    validator = Draft202012Validator(schema, registry=REGISTRY)

    def judge(payload: Any) -> Sequence[str | int] | None:
        fault = best_match(validator.iter_errors(payload))
        return None if fault is None else [*fault.absolute_path, *_member(fault)]

    return judge


def _member(fault: ValidationError) -> list[str]:
    """The member that is missing or too many: the path of such a fault ends at the object around it."""
    instance: Any = fault.instance
    if fault.validator == "required":
        required: Any = fault.validator_value
        return [name for name in required if name not in instance][:1]
    if fault.validator == "additionalProperties" and isinstance(fault.schema, Mapping):
        known = fault.schema.get("properties", {})
        return [] if "patternProperties" in fault.schema else [name for name in instance if name not in known][:1]
    return []
