"""References within a JSON Schema: whether each leads somewhere."""

from collections.abc import Iterator
from typing import Any

from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped] # it ships no types
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012


def unresolvable(schema: Any) -> str | None:
    """The first `$ref` that leads nowhere; None where there is none. Parts with an `$id` of their own are left out."""
    root = DRAFT202012.create_resource(schema)
    address = root.id() or ""
    resolver = REGISTRY.with_resource(address, root).resolver(address)
    for reference in _references(schema, outermost=True):
        try:
            resolver.lookup(reference)
        except (Unresolvable, ValueError):
            return reference
    return None


def _references(part: Any, *, outermost: bool = False) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _references(each)
    elif isinstance(part, dict) and (outermost or "$id" not in part):
        if isinstance(reference := part.get("$ref"), str):
            yield reference
        for name, each in part.items():
            if name not in {"const", "enum", "default", "examples"}:
                yield from _references(each)
