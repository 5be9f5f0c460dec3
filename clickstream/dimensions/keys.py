"""The few texts of an event that keys come from, parsed out of its JSON without building the rest."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec

_CONTEXT = "context."


class KeyTexts:
    """Parses events of the platform's own making: they were validated before.

    `user_id` is always among the texts; paths are those of `fields.TEXT_FIELDS`.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        optional = str | None
        plain = [path for path in dict.fromkeys(("user_id", *paths)) if not path.startswith(_CONTEXT)]
        nested = [path.removeprefix(_CONTEXT) for path in paths if path.startswith(_CONTEXT)]
        context = msgspec.defstruct("_Context", [(name, optional, None) for name in nested], gc=False)
        fields: list[tuple[str, Any, Any]] = [(name, optional, None) for name in plain]
        fields.append(("context", context | None, None))
        self._decode = msgspec.json.Decoder(msgspec.defstruct("_Texts", fields, gc=False)).decode
        self._nothing = context()

    def parse(self, lines: Sequence[bytes]) -> list[Any]:
        """Parse each event."""
        return [self._decode(line) for line in lines]

    def column(self, texts: Sequence[Any], path: str) -> list[str | None]:
        """One text of every parsed event; None where it has none."""
        if path.startswith(_CONTEXT):
            get = attrgetter(path.removeprefix(_CONTEXT))
            nothing = self._nothing
            return [get(each.context or nothing) for each in texts]
        return list(map(attrgetter(path), texts))
