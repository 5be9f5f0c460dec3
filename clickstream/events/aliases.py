"""Names and words that are understood besides the contract's own: those of published trackers, and configured ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clickstream.events.model import Context, Event


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


_OWN = frozenset(Event.__struct_encode_fields__)
_OWN_CONTEXT = frozenset(Context.__struct_encode_fields__)
NAMES: Mapping[str, str] = {
    **{_camel(name): name for name in sorted(_OWN) if _camel(name) != name},
    "action": "action_type",
}
CONTEXT_NAMES: Mapping[str, str] = {_camel(name): name for name in sorted(_OWN_CONTEXT) if _camel(name) != name}
WORDS: Mapping[str, Mapping[str, str]] = {
    "action_type": {
        "conversion": "order",
        "favourite": "like",
        "favorite": "like",
        "cart": "add_cart",
    }
}


@dataclass(frozen=True)
class Aliases:
    """Puts an event's fields into the contract's names and words.

    Attributes:
        names: name as sent -> name in the contract, besides NAMES.
        words: by field of the contract, value as sent -> value of the contract, besides WORDS.
        defaults: values of fields that are not sent.
        custom: names of custom events that may be sent as the action itself.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()

    @property
    def rewrite_known(self) -> bool:
        """Whether an event in the contract's own names and words may have to be changed."""
        renamed = _OWN & self.names.keys()
        return bool(renamed or self.defaults or self.words.keys() - {"action_type"})

    def resolved(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields under the contract's names. A field that has its own name already wins over an alias of it."""
        found: dict[str, Any] = {}
        for name, value in fields.items():
            target = self.names.get(name) or (name if name in _OWN else NAMES.get(name, name))
            if target == name or (target not in fields and target not in found):
                found[target] = value
            else:
                found[name] = value
        if isinstance(context := found.get("context"), dict):
            found["context"] = _renamed(context)
        for name in self.words.keys() | WORDS.keys():
            value = found.get(name)
            if isinstance(value, str):
                found[name] = self.words.get(name, {}).get(value) or WORDS.get(name, {}).get(value, value)
        action = found.get("action_type")
        if isinstance(action, str) and action in self.custom:
            found.setdefault("event_name", action)
            found["action_type"] = "custom"
        for name, value in self.defaults.items():
            found.setdefault(name, value)
        return found


def _renamed(context: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in context.items():
        target = CONTEXT_NAMES.get(name, name)
        found[target if target not in context else name] = value
    return found
