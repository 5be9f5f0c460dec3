"""Whether templates of Redis keys can give two different things one key.

A template is split at its colons. An id has none (`redis_keys.encoded`), so a key has as many segments as its template,
and a segment is a word, or one id between two words that may be empty.
"""

from collections.abc import Iterable
from itertools import combinations
from string import Formatter
from typing import NamedTuple


class Segment(NamedTuple):
    """What stands between two colons: `before`, an id of any text, `after`; or `before` alone."""

    before: str
    after: str | None = None

    def may_equal(self, other: "Segment") -> bool:
        """Whether some ids, which are not empty, make both the same text."""
        if self.after is None or other.after is None:
            word, around = (self, other) if self.after is None else (other, self)
            if around.after is None:
                return word.before == around.before
            fits = word.before.startswith(around.before) and word.before.endswith(around.after)
            return fits and len(word.before) > len(around.before) + len(around.after)
        begins = self.before.startswith(other.before) or other.before.startswith(self.before)
        return begins and (self.after.endswith(other.after) or other.after.endswith(self.after))


def fields_of(template: str) -> set[str]:
    """Names in braces.

    Raises:
        ValueError: the template is malformed, or changes an id on its way into the key (`{tenant:.3}`, `{tenant!r}`).
    """
    found = set()
    for _, name, how, conversion in Formatter().parse(template):
        if name is None:
            continue
        if how or conversion:
            raise ValueError(f"{{{name}}} stands for the id as it is, so nothing but its name may stand in the braces")
        found.add(name)
    return found


def segments_of(template: str) -> list[Segment]:
    """The segments of a template that `fields_of` takes.

    Raises:
        ValueError: two ids have no colon between them: where one ends and the other begins, nobody could say.
    """
    segments = [Segment("")]
    for text, name, _, _ in Formatter().parse(template):
        first, *more = text.split(":")
        last = segments[-1]
        segments[-1] = Segment(last.before + first) if last.after is None else Segment(last.before, last.after + first)
        segments += map(Segment, more)
        if name is not None:
            if segments[-1].after is not None:
                raise ValueError(f"{{{name}}} needs a colon between it and the id before it: ids hold anything else")
            segments[-1] = Segment(segments[-1].before, "")
    return segments


def colliding(templates: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Names of the first two of these (name, template) of which some ids make the same key; None: there are none."""
    split = [(name, segments_of(template)) for name, template in templates]
    for (one, segments), (other, against) in combinations(split, 2):
        if len(segments) == len(against) and all(map(Segment.may_equal, segments, against)):
            return one, other
    return None
