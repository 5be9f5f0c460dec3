"""Counts by action, and distinct users and items by HyperLogLog."""

from dataclasses import dataclass
from typing import Any

import datasketches
import msgspec
import numpy as np
import numpy.typing as npt

from clickstream.events.action import NUMBERS, Action
from clickstream.recent_ids import Hashes

# 2^15 registers: a relative standard error of 0.6 %, so 2 % is beyond three of them (Flajolet et al. 2007).
LOG_REGISTERS = 15
_REGISTERS = datasketches.tgt_hll_type.HLL_8
ACTIONS = len(NUMBERS) + 1
_POSITIVE = np.uint64(2**63 - 1)  # a sketch takes signed integers

Counts = npt.NDArray[np.int64]


class Tally:
    """What happened in some stretch of time. Adding commutes.

    Attributes:
        counts: events by action number, shape (10,).
    """

    def __init__(self) -> None:
        self.counts: Counts = np.zeros(ACTIONS, dtype=np.int64)
        self._users: Any = datasketches.hll_sketch(LOG_REGISTERS, _REGISTERS)
        self._items: Any = datasketches.hll_sketch(LOG_REGISTERS, _REGISTERS)

    def __bool__(self) -> bool:
        return bool(self.counts.any())

    @property
    def events(self) -> int:
        """How many events."""
        return int(self.counts.sum())

    def add(self, counts: Counts, users: Hashes, items: Hashes) -> None:
        """Add events: how many by action, and the hashes of their users and items."""
        self.counts = self.counts + counts
        _update(self._users, users)
        _update(self._items, items)

    def encode(self) -> bytes:
        """As bytes; `decode` undoes it."""
        return msgspec.msgpack.encode(
            [self.counts.tobytes(), self._users.serialize_compact(), self._items.serialize_compact()]
        )

    @staticmethod
    def decode(data: bytes) -> "Tally":
        """The tally that was encoded."""
        counts, users, items = msgspec.msgpack.decode(data)
        found = Tally()
        found.counts = np.frombuffer(counts, np.int64)
        found._users = datasketches.hll_sketch.deserialize(users)
        found._items = datasketches.hll_sketch.deserialize(items)
        return found

    def into(self, total: "Total") -> None:
        """Add everything to a total."""
        total.counts = total.counts + self.counts
        total.users.update(self._users)
        total.items.update(self._items)


class Total:
    """Several tallies together."""

    def __init__(self) -> None:
        self.counts: Counts = np.zeros(ACTIONS, dtype=np.int64)
        self.users: Any = datasketches.hll_union(LOG_REGISTERS)
        self.items: Any = datasketches.hll_union(LOG_REGISTERS)

    def add(self, counts: Counts, users: Hashes, items: Hashes) -> None:
        """Add events, as Tally.add."""
        self.counts = self.counts + counts
        _update(self.users, users)
        _update(self.items, items)

    def figures(self) -> "Figures":
        """The metrics. They depend on what was added, not on its order."""
        return Figures.of(self.counts, _distinct(self.users), _distinct(self.items))


@dataclass(frozen=True, slots=True)
class Figures:
    """The metrics of some stretch of time: counts, distinct counts, and ratios from 0 to 1 (0 where nothing is)."""

    impressions: int
    clicks: int
    ctr: float
    views: int
    likes: int
    shares: int
    add_carts: int
    conversions: int
    conversion_rate: float
    active_users: int
    active_items: int

    @staticmethod
    def of(counts: Counts, users: int, items: int) -> "Figures":
        """Figures of counts by action number: ctr is clicks by impressions, conversion_rate is orders by clicks."""
        impressions, clicks, views, likes, shares, add_carts, orders = (
            int(counts[NUMBERS[action]]) for action in list(Action)[:7]
        )
        return Figures(
            impressions=impressions,
            clicks=clicks,
            ctr=_ratio(clicks, impressions),
            views=views,
            likes=likes,
            shares=shares,
            add_carts=add_carts,
            conversions=orders,
            conversion_rate=_ratio(orders, clicks),
            active_users=users,
            active_items=items,
        )


def _ratio(part: int, whole: int) -> float:
    return min(1.0, round(part / whole, 6)) if whole else 0.0


def _update(sketch: Any, hashes: Hashes) -> None:
    update = sketch.update
    for each in (hashes & _POSITIVE).tolist():
        update(each)


def _distinct(union: Any) -> int:
    """The estimate, whatever the order of updates was.

    Up to some thousand values a sketch counts nearly exactly. Beyond, one that took single values estimates by a sum
    along their order, and one that was merged does not: so it is merged with itself.
    """
    sketch = union.get_result(_REGISTERS)
    merged = datasketches.hll_union(LOG_REGISTERS)
    merged.update(sketch)
    merged.update(sketch)
    return int(round(merged.get_result(_REGISTERS).get_estimate()))
