"""The few texts of an event that keys come from, parsed out of its JSON without building the rest.

What a dimension gives an event depends on some of these texts alone, its roots. Events that agree in them share a
point: everything but the last step of the join is done once for each point, not for each event.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from clickstream.dimensions.declaration import Dimensions
from clickstream.dimensions.fields import TEXT_FIELDS

Roots = tuple[str, ...]
Point = tuple[str | None, ...]

_CONTEXT = "context."


class KeyTexts:
    """Parses events of the platform's own making: they were validated before.

    `user_id` is always among the texts; paths are those of `fields.TEXT_FIELDS`.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        optional = str | None
        plain = [path for path in dict.fromkeys(("user_id", *paths)) if not path.startswith(_CONTEXT)]
        nested = [path.removeprefix(_CONTEXT) for path in paths if path.startswith(_CONTEXT)]
        context = msgspec.defstruct("_Context", [(name, optional, None) for name in nested], gc=False, frozen=True)
        nothing = context()
        fields: list[tuple[str, Any, Any]] = [(name, optional, None) for name in plain]
        fields.append(("context", context, msgspec.field(default_factory=lambda: nothing)))
        self._decode = msgspec.json.Decoder(msgspec.defstruct("_Texts", fields, gc=False)).decode

    def parse(self, lines: Sequence[bytes]) -> list[Any]:
        """Parse each event."""
        return list(map(self._decode, lines))


def points(texts: Sequence[Any], roots: Roots) -> list[Point]:
    """The point of each parsed event: these of its texts, None where it has none."""
    of_event: Any = attrgetter(*roots)
    return list(map(of_event, texts)) if len(roots) > 1 else [(of_event(text),) for text in texts]


def roots_of(declared: Dimensions) -> dict[str, Roots]:
    """For each dimension the texts that its key comes from, by whatever way."""
    found: dict[str, Roots] = {}
    for dimension in declared.dimensions:
        roots: list[str] = []
        for source in dimension.key.values():
            roots += [source] if source in TEXT_FIELDS else found[source.partition(".")[0]]
        found[dimension.name] = tuple(dict.fromkeys(roots))
    return found


def projection(roots: Roots, onto: Roots) -> Callable[[Point], Point]:
    """Turns a point of some roots into that of a part of them."""
    at = [roots.index(root) for root in onto]
    return lambda point: tuple([point[each] for each in at])
