"""One dimension for the events of a micro-batch: each distinct key looked up once, hierarchies followed to the top."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clickstream.dimensions.declaration import Dimension
from clickstream.dimensions.lookup import Lookup
from clickstream.dimensions.rows import Found, Key, Value


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an event gets from a dimension; all empty where the dimension does not apply to it.

    Attributes:
        members: JSON members, each with a comma in front.
        extra: members of extra_data.
        carried: columns that later dimensions take keys from.
        missing: the row, or one above it, could not be joined: it is not there, or nobody could say.
    """

    members: bytes = b""
    extra: Mapping[str, Value] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    missing: bool = False


NOT_APPLICABLE = Resolved()
MISSING = Resolved(missing=True)


async def resolve(dimension: Dimension, lookup: Lookup, keys: Collection[Key], deadline: float) -> dict[Key, Resolved]:
    """What each of the distinct keys stands for, by `deadline` (monotonic seconds) at the latest."""
    known = await lookup.find(keys, deadline)
    if dimension.parent is None:
        return {key: _of(known.get(key)) for key in keys}
    for _ in range(dimension.parent.levels - 1):
        above = {row.parent for row in known.values() if row is not None and row.parent is not None} - known.keys()
        if not above:
            break
        # A key that stays unknown is asked for once more at the next level at the most: levels are few.
        known.update(await lookup.find(above, deadline))
    return {key: _with_ancestors(known, key) for key in keys}


def keys_of(columns: Sequence[Iterable[str | None]]) -> list[Key | None]:
    """The key of each event out of its columns; None where one is absent or empty: then there is nothing to join."""
    return [key if all(key) else None for key in zip(*columns, strict=True)]


def _of(row: Found | None) -> Resolved:
    return MISSING if row is None else Resolved(row.members, row.extra, row.carried)


def _with_ancestors(known: Mapping[Key, Found | None], key: Key) -> Resolved:
    """What a row and those above it give together; missing when the way to the top breaks off.

    Each step must lead exactly one level up, so the way ends at the top or before, whatever circles the rows make, and
    no field is given twice. Where a row above stands on another level, or below the top names no parent, it breaks off.
    """
    members: list[bytes] = []
    extra: dict[str, Value] = {}
    at: Key | None = key
    expected: int | None = None  # the first row may stand on any level
    while at is not None:  # on level 1 no parent is named
        row = known.get(at)
        if row is None or expected not in (None, row.level):
            break
        members.append(row.members)
        extra.update(row.extra)
        at, expected = row.parent, row.level - 1
    return Resolved(b"".join(reversed(members)), extra, {}, missing=expected != 0)
