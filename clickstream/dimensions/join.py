"""Joining a micro-batch: events in as JSON, the same events out with their dimensions' fields behind their own.

The events are not decoded and encoded again: what a row adds was rendered when the row was read, and is put before the
closing brace. Only the texts that keys come from are parsed.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec

from clickstream.clock import Clock
from clickstream.dimensions.declaration import Dimension, Dimensions
from clickstream.dimensions.keys import KeyTexts
from clickstream.dimensions.lookup import Lookup
from clickstream.dimensions.resolve import MISSING, NOT_APPLICABLE, Resolved, keys_of, resolve
from clickstream.dimensions.rows import Value
from clickstream.events.decode import EXTRA_DATA_LIMIT

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Joined:
    """n events for the DWD topic: two lists of length n."""

    keys: list[bytes]
    values: list[bytes]


@dataclass(slots=True)
class JoinCounts:
    """What happened so far."""

    events: int = 0
    missing: Counter[str] = field(default_factory=Counter)  # events that lack a dimension, by its name
    gave_up: int = 0  # micro-batches that went on without any dimension


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
        self._endings: dict[tuple[str, ...], bytes] = {(): b"}"}

    async def join(self, lines: Sequence[bytes], timeout: float) -> Joined:
        """Join events, each a JSON object as `Event` encodes it, waiting for the server at most `timeout` seconds."""
        texts = self._texts.parse(lines)
        deadline = self._clock.monotonic() + timeout
        tasks: dict[str, asyncio.Task[list[Resolved]]] = {}
        async with asyncio.TaskGroup() as group:
            for dimension in self._declared.dimensions:
                tasks[dimension.name] = group.create_task(self._resolve(dimension, texts, dict(tasks), deadline))
        return self._write(lines, texts, {name: task.result() for name, task in tasks.items()})

    def without(self, lines: Sequence[bytes]) -> Joined:
        """The events without any dimension, each said to be missing: for when nothing else is left to do."""
        self.counts.gave_up += 1
        missing = [MISSING] * len(lines)
        return self._write(
            lines, self._texts.parse(lines), {dimension.name: missing for dimension in self._declared.dimensions}
        )

    async def _resolve(
        self,
        dimension: Dimension,
        texts: Sequence[Any],
        before: Mapping[str, asyncio.Task[list[Resolved]]],
        deadline: float,
    ) -> list[Resolved]:
        """What each event gets from one dimension, in the order of the events."""
        columns: list[list[str | None]] = []
        broken: list[bool] = [False] * len(texts)
        for source in dimension.key.values():
            other, _, carried = source.partition(".")
            if other not in before:
                columns.append(self._texts.column(texts, source))
                continue
            rows = await before[other]
            columns.append([row.carried.get(carried) for row in rows])
            broken = [each or row.missing for each, row in zip(broken, rows, strict=True)]
        keys = keys_of(columns)
        distinct = {key for key in keys if key is not None}
        resolved = await resolve(dimension, self._lookups[dimension.name], distinct, deadline)
        return [
            resolved[key] if key is not None else MISSING if without_source else NOT_APPLICABLE
            for key, without_source in zip(keys, broken, strict=True)
        ]

    def _write(self, lines: Sequence[bytes], texts: Sequence[Any], resolved: Mapping[str, list[Resolved]]) -> Joined:
        """Put everything together, a column at a time, for that is what this loop's speed comes from."""
        missing: list[tuple[str, ...]] = [()] * len(lines)
        bodies = list(lines)
        for name, rows in resolved.items():
            for index, row in enumerate(rows):
                if row is NOT_APPLICABLE or not (row.missing or row.extra):
                    continue
                lacks = row.missing
                if row.extra:
                    merged = with_extra(bodies[index], row.extra)
                    bodies[index] = merged or bodies[index]
                    lacks = lacks or merged is None
                if lacks:
                    missing[index] += (name,)
        members = [[row.members for row in rows] for rows in resolved.values()]
        ends = map(self._ending, missing)
        values = [b"".join((body[:-1], *added)) for body, *added in zip(bodies, *members, ends, strict=True)]
        self.counts.events += len(values)
        self.counts.missing.update(chain.from_iterable(filter(None, missing)))
        return Joined([text.user_id.encode() for text in texts], values)

    def _ending(self, missing: tuple[str, ...]) -> bytes:
        """What closes an event that lacks these dimensions."""
        if missing not in self._endings:
            self._endings[missing] = b',"dim_missing":' + _encode(missing) + b"}"
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
