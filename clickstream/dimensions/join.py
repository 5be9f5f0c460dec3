"""Joining a micro-batch: events in as JSON, the same events out with their dimensions' fields behind their own.

The events are not decoded and encoded again: what a row adds was rendered when the row was read, and is put before the
closing brace. Only the texts that keys come from are parsed.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from clickstream.clock import Clock
from clickstream.dimensions.declaration import Dimension, Dimensions
from clickstream.dimensions.keys import KeyTexts, Point, Roots, points, projection, roots_of
from clickstream.dimensions.lookup import Lookup
from clickstream.dimensions.resolve import MISSING, NOT_APPLICABLE, Resolved, keys_of, resolve
from clickstream.dimensions.rows import Value
from clickstream.events.decode import EXTRA_DATA_LIMIT

Rows = Mapping[Point, Resolved]

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Joined:
    """n events for the DWD topic: two lists of length n."""

    keys: list[bytes]
    values: list[bytes]


@dataclass(frozen=True, slots=True)
class _Batch:
    """n events.

    Attributes:
        lines: of each.
        keys: of each one's record.
        points: of each, by roots.
        distinct: the same without repetitions.
    """

    lines: Sequence[bytes]
    keys: list[bytes]
    points: Mapping[Roots, list[Point]]
    distinct: Mapping[Roots, list[Point]]


@dataclass(slots=True)
class JoinCounts:
    """What happened so far."""

    events: int = 0
    missing: Counter[str] = field(default_factory=Counter)  # events that lack a dimension, by its name
    gave_up: int = 0  # micro-batches that went on unjoined because the join itself failed or stood still


class Joiner:
    """Joins micro-batches; several may be under way in one event loop.

    Guarantees: every event comes out, in its place; its own fields are unchanged, but for extra_data where a dimension
    puts something there; no dimension waits for another one unless its key comes from it.
    """

    def __init__(self, declared: Dimensions, lookups: Mapping[str, Lookup], clock: Clock) -> None:
        self.counts = JoinCounts()
        self._declared = declared
        self._lookups = lookups
        self._clock = clock
        self._texts = KeyTexts(declared.event_fields)
        self._roots = roots_of(declared)
        self._endings: dict[tuple[str, ...], bytes] = {}

    async def join(self, lines: Sequence[bytes], timeout: float) -> Joined:
        """Join events, each a JSON object as `Event` encodes it, waiting for the server at most `timeout` seconds."""
        batch = self._batch(lines)
        deadline = self._clock.monotonic() + timeout
        tasks: dict[str, asyncio.Task[Rows]] = {}
        async with asyncio.TaskGroup() as group:
            for dimension in self._declared.dimensions:
                tasks[dimension.name] = group.create_task(self._resolve(dimension, batch, dict(tasks), deadline))
        return self._write(batch, {name: task.result() for name, task in tasks.items()})

    def without(self, lines: Sequence[bytes]) -> Joined:
        """The events without any dimension, each said to be missing: for when nothing else is left to do."""
        self.counts.gave_up += 1
        batch = self._batch(lines)
        return self._write(
            batch, {name: dict.fromkeys(batch.distinct[roots], MISSING) for name, roots in self._roots.items()}
        )

    def _batch(self, lines: Sequence[bytes]) -> _Batch:
        texts = self._texts.parse(lines)
        found = {roots: points(texts, roots) for roots in dict.fromkeys(self._roots.values())}
        distinct = {roots: list(set(each)) for roots, each in found.items()}
        return _Batch(lines, [text.user_id.encode() for text in texts], found, distinct)

    async def _resolve(
        self, dimension: Dimension, batch: _Batch, before: Mapping[str, asyncio.Task[Rows]], deadline: float
    ) -> Rows:
        """What each point gets from one dimension."""
        roots = self._roots[dimension.name]
        found = batch.distinct[roots]
        columns: list[list[str | None]] = []
        broken: list[bool] = [False] * len(found)
        for source in dimension.key.values():
            if source in roots:
                at = roots.index(source)
                columns.append([point[at] for point in found])
                continue
            other, _, carried = source.partition(".")
            onto, above = projection(roots, self._roots[other]), await before[other]
            rows = [above[onto(point)] for point in found]
            columns.append([row.carried.get(carried) for row in rows])
            broken = [each or row.missing for each, row in zip(broken, rows, strict=True)]
        keys = keys_of(columns)
        distinct = {key for key in keys if key is not None}
        resolved = await resolve(dimension, self._lookups[dimension.name], distinct, deadline)
        return {
            point: resolved[key] if key is not None else MISSING if without_source else NOT_APPLICABLE
            for point, key, without_source in zip(found, keys, broken, strict=True)
        }

    def _write(self, batch: _Batch, resolved: Mapping[str, Rows]) -> Joined:
        """Put everything together, by whole columns, for that is what this loop's speed comes from."""
        columns: list[Iterable[bytes]] = []
        particular: set[int] = set()
        for roots, of_events in batch.points.items():
            tables = [resolved[name] for name, each in self._roots.items() if each == roots]
            added = {point: b"".join([table[point].members for table in tables]) for point in tables[0]}
            columns.append(map(added.__getitem__, of_events))
            odd = {point for table in tables for point, row in table.items() if row.missing or row.extra}
            if odd:
                particular.update([index for index, point in enumerate(of_events) if point in odd])
        bodies = [line[:-1] for line in batch.lines]
        values = list(map(b"".join, zip(bodies, *columns, [b"}"] * len(bodies), strict=True)))
        for index in particular:
            values[index] = self._particular(batch, index, resolved)
        self.counts.events += len(values)
        return Joined(batch.keys, values)

    def _particular(self, batch: _Batch, index: int, resolved: Mapping[str, Rows]) -> bytes:
        """An event that lacks a dimension, or gets something into extra_data."""
        body, members, missing = batch.lines[index], [], []
        for name, roots in self._roots.items():
            row = resolved[name][batch.points[roots][index]]
            merged = with_extra(body, row.extra) if row.extra else body
            if row.missing or merged is None:
                missing.append(name)
            body = merged or body
            members.append(row.members)
        self.counts.missing.update(missing)
        return b"".join((body[:-1], *members, self._ending(tuple(missing))))

    def _ending(self, missing: tuple[str, ...]) -> bytes:
        """What closes an event that lacks these dimensions."""
        if missing not in self._endings:
            self._endings[missing] = (b',"dim_missing":' + _encode(missing) if missing else b"") + b"}"
        return self._endings[missing]


def with_extra(line: bytes, extra: Mapping[str, Value]) -> bytes | None:
    """An event with members put into its extra_data, in the place of equally named ones.

    Returns:
        None when extra_data would be larger than events may have it.
    """
    event = _OBJECT.decode(line)
    sent = _OBJECT.decode(event["extra_data"]) if "extra_data" in event else {}
    merged = _encode({**sent, **extra})
    if len(merged) > EXTRA_DATA_LIMIT:
        return None
    event["extra_data"] = msgspec.Raw(merged)
    return _encode(event)
