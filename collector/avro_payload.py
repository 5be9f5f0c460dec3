"""Payloads of declared events against an Avro schema: the path of the first field that does not fit."""

from collections.abc import Callable, Iterable
from typing import Any

from fastavro import parse_schema
from fastavro.validation import validate

Path = tuple[str | int, ...]


def avro_judge(schema: Any) -> Callable[[Any], Path | None]:
    """What judges JSON values by this schema: None where one fits, else where it does not.

    Avro's own rules: a field with a default may be absent, one that is not in the schema is nobody's business, a union
    takes what one of its branches takes.

    Raises:
        ValueError: this is no Avro schema. (SchemaParseException and UnknownType are fastavro's own.)
    """
    names: dict[str, Any] = {}
    parsed: Any = parse_schema(schema, named_schemas=names)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("fields"), list):
        raise ValueError("a payload is an object: its schema is to be a record with fields")

    def fault(value: Any, of: Any, path: Path) -> Path | None:
        if isinstance(of, list):
            faults = [fault(value, branch, path) for branch in of]
            # The branch that it comes closest to fitting says most.
            return None if None in faults else max((each for each in faults if each is not None), key=len)
        of = names.get(of, of) if isinstance(of, str) else of
        kind = of["type"] if isinstance(of, dict) else of
        if kind in {"record", "error"}:
            return _record(value, of, path)
        if kind in {"array", "map"}:
            return _items(value, of, path)
        return None if validate(value, of, raise_errors=False) else path

    def _items(value: Any, of: Any, path: Path) -> Path | None:
        form, inner = (list, "items") if of["type"] == "array" else (dict, "values")
        if not isinstance(value, form):
            return path
        found = enumerate(value) if isinstance(value, list) else value.items()
        return _first((each, of[inner], (*path, place)) for place, each in found)

    def _record(value: Any, of: Any, path: Path) -> Path | None:
        if not isinstance(value, dict):
            return path
        for field in of["fields"]:
            name = field["name"]
            if name not in value and "default" not in field:
                return (*path, name)
        given = (field for field in of["fields"] if field["name"] in value)
        return _first((value[field["name"]], field["type"], (*path, field["name"])) for field in given)

    def _first(parts: Iterable[tuple[Any, Any, Path]]) -> Path | None:
        return next((found for part in parts if (found := fault(*part)) is not None), None)

    return lambda value: fault(value, parsed, ())
