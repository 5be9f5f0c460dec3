"""Events in a query string, for pixels: every value is text there, and becomes what its field is."""

from collections.abc import Iterable
from typing import Any

from msgspec import inspect

from clickstream.events.aliases import NAMES
from clickstream.events.model import Event

_OURS = frozenset({"key", "consent"})


def _numbers() -> dict[str, type[int] | type[float]]:
    described = inspect.type_info(Event)
    assert isinstance(described, inspect.StructType)
    found: dict[str, type[int] | type[float]] = {}
    for field in described.fields:
        types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        if any(isinstance(each, inspect.IntType) for each in types):
            found[field.encode_name] = int
        elif any(isinstance(each, inspect.FloatType) for each in types):
            found[field.encode_name] = float
    return found


_NUMBERS = _numbers()


def event_of(parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The event that a query's parameters are. A number that is none stays text, for the checks to judge."""
    found: dict[str, Any] = {}
    for name, value in parameters:
        if name in _OURS or name == "":
            continue
        kind = _NUMBERS.get(NAMES.get(name, name))
        found[name] = _number(kind, value) if kind else value
    return found


def _number(kind: type[int] | type[float], text: str) -> int | float | str:
    try:
        number = kind(text)
    except ValueError:
        return text
    return number if abs(number) < 2**63 else text
