"""Pre-aggregation: what a micro-batch adds to minutes, and how far each ODS partition has come."""

from typing import Any

import msgspec
import numpy as np

from clickstream.columns import Codes, Columns, Lane
from clickstream.metrics.tally import ACTIONS
from clickstream.places import BUCKETS, Place
from clickstream.recent_ids import Hashes, hashes_of
from clickstream.replay_filter import Reached, Stream

MINUTE_MS = 60_000


class MinuteEvents(msgspec.Struct, array_like=True):
    """Events of one place and minute.

    Attributes:
        minute: since the epoch.
        late: whether they were late in their ODS partition.
        counts: an int64 for each action number.
        users: a uint64 hash for each distinct user.
        items: a uint64 hash for each distinct item.
    """

    place: Place
    minute: int
    late: bool
    counts: bytes
    users: bytes
    items: bytes


class Part(msgspec.Struct, array_like=True):
    """What a bucket is told: how far lanes have come, behind the events that they came by."""

    reached: list[Reached]
    minutes: list[MinuteEvents]


encode_part = msgspec.msgpack.Encoder().encode
decode_part: Any = msgspec.msgpack.Decoder(Part).decode


def minutes_of(columns: Columns, lateness_ms: int) -> dict[int, list[MinuteEvents]]:
    """The events by place, minute and lateness; by bucket."""
    if not len(columns):
        return {}
    minute = columns.times // MINUTE_MS
    late = (minute + 1) * MINUTE_MS + lateness_ms <= columns.reached
    users, items = hashes_of(columns.users), hashes_of(columns.items)
    order = np.lexsort((late, minute, columns.place))
    keys = np.stack([columns.place[order].astype(np.int64), minute[order], late[order].astype(np.int64)], axis=1)
    begins = np.flatnonzero(np.append(True, (keys[1:] != keys[:-1]).any(axis=1))).tolist()
    found: dict[int, list[MinuteEvents]] = {}
    for begin, end in zip(begins, [*begins[1:], len(keys)], strict=True):
        rows = order[begin:end]
        place = columns.places[int(keys[begin, 0])]
        events = MinuteEvents(
            place=place,
            minute=int(keys[begin, 1]),
            late=bool(keys[begin, 2]),
            counts=np.bincount(columns.actions[rows], minlength=ACTIONS).astype(np.int64).tobytes(),
            users=_distinct(users, columns.user[rows]),
            items=_distinct(items, columns.item[rows]),
        )
        found.setdefault(place.bucket, []).append(events)
    return found


class Progress:
    """Tells every bucket how far each lane has come, when it entered another minute or was silent about it for long.

    Word of a lane goes the way of its events and behind them, so a bucket that hears it has all events up to there.
    """

    def __init__(self, again_ms: int) -> None:
        self._again_ms = again_ms
        self._told: dict[Stream, tuple[int, int]] = {}  # minute, and when

    def parts(
        self, columns: Columns, lanes: dict[Lane, Reached], lateness_ms: int, now_ms: int
    ) -> list[tuple[int, Part]]:
        """The parts of a micro-batch; `lanes` says how far each has come with it."""
        minutes = minutes_of(columns, lateness_ms)
        news = [reached for reached in lanes.values() if self._is_news(reached, now_ms)]
        buckets = range(BUCKETS) if news else sorted(minutes)
        return [(bucket, Part(news, minutes.get(bucket, []))) for bucket in buckets]

    def _is_news(self, reached: Reached, now_ms: int) -> bool:
        minute = reached.time_ms // MINUTE_MS
        told, at = self._told.get(reached.stream, (-1, 0))
        if minute <= told and now_ms < at + self._again_ms:
            return False
        self._told[reached.stream] = (minute, now_ms)
        return True


def _distinct(hashes: Hashes, codes: Codes) -> bytes:
    used = np.unique(codes)
    chosen: Hashes = hashes[used[used >= 0]]
    return chosen.tobytes()
