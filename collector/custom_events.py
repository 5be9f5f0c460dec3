"""Custom events whose payload has a declared schema."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from fastavro.schema import SchemaParseException, UnknownType
from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import best_match

from clickstream.errors import ConfigurationError
from clickstream.events.action import Action
from clickstream.events.model import Event
from clickstream.events.rejection import RejectedError
from clickstream.names import RejectReason
from collector.avro_payload import avro_judge
from collector.configuration.model import CustomEvent

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
        payload = {} if event.extra_data is msgspec.UNSET else msgspec.json.decode(event.extra_data)
        fault = schema(payload)
        if fault is not None:
            path = ".".join(map(str, (_EXTRA, *fault)))
            raise RejectedError(RejectReason.SCHEMA_MISMATCH, path[:_LONGEST_PATH])


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
    validator = Draft202012Validator(schema)

    def judge(payload: Any) -> Sequence[str | int] | None:
        fault = best_match(validator.iter_errors(payload))
        return None if fault is None else list(fault.absolute_path)

    return judge
