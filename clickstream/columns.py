"""Events as columns: what a micro-batch looks like between a job's first step and its second."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from clickstream.events.action import NUMBERS, Action
from clickstream.events.model import Event
from clickstream.places import Place
from clickstream.recent_ids import Hashes, hashes_of

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice

_NONE: Integers = np.zeros(0, dtype=np.int64)


class Lane(msgspec.Struct, frozen=True, array_like=True):
    """One partition of one incarnation of the ODS topic: positions and event times are judged inside it."""

    epoch: int
    partition: int


@dataclass(frozen=True, slots=True)
class Columns:
    """n events. Arrays have shape (n,); texts are coded by an index into a list that may hold more than is used.

    Attributes:
        lanes: what `lane` points into.
        offsets: in the lane.
        times: event time, ms since the epoch.
        received: time of receipt, ms since the epoch; never later than the Kafka record's timestamp.
        ids: hashes of the event ids; empty where duplicates were removed before.
        actions: Enum8 number.
        item: -1 where there is none.
        reached: how far the lane had come before this event (see replay_filter), in ms, or -1. Empty until then.
    """

    lanes: list[Lane]
    lane: Codes
    offsets: Integers
    times: Integers
    received: Integers
    ids: Hashes
    actions: npt.NDArray[np.uint8]
    places: list[Place]
    place: Codes
    users: list[str]
    user: Codes
    items: list[str]
    item: Codes
    reached: Integers

    def __len__(self) -> int:
        return len(self.offsets)

    def where(self, rows: Rows) -> "Columns":
        """Some of the rows, in order."""
        return replace(
            self,
            lane=self.lane[rows],
            offsets=self.offsets[rows],
            times=self.times[rows],
            received=self.received[rows],
            ids=self.ids[rows] if len(self.ids) else self.ids,
            actions=self.actions[rows],
            place=self.place[rows],
            user=self.user[rows],
            item=self.item[rows],
            reached=self.reached[rows] if len(self.reached) else self.reached,
        )

    def compact(self) -> "Columns":
        """The same rows, with the texts that they use and no others."""
        users, user = np.unique(self.user, return_inverse=True)
        items, item = np.unique(np.append(self.item, -1), return_inverse=True)  # -1 sorts first, and stays -1
        return replace(
            self,
            users=[self.users[each] for each in users.tolist()],
            user=user.astype(np.int32),
            items=[self.items[each] for each in items[1:].tolist()],
            item=(item[:-1] - 1).astype(np.int32),
        )

    def encode(self) -> bytes:
        """As bytes; `decode` undoes it. `reached` is left out."""
        return _encode(
            [
                self.lanes,
                self.places,
                self.users,
                self.items,
                *(getattr(self, name).tobytes() for name, _ in _ARRAYS),
            ]
        )

    @staticmethod
    def decode(data: bytes) -> "Columns":
        """The columns that were encoded; the arrays are read-only."""
        lanes, places, users, items, *arrays = _decode(data)
        found: dict[str, Any] = {
            name: np.frombuffer(raw, dtype) for (name, dtype), raw in zip(_ARRAYS, arrays, strict=True)
        }
        return Columns(
            lanes=[Lane(*lane) for lane in lanes],
            places=[Place(*place) for place in places],
            users=users,
            items=items,
            reached=_NONE,
            **found,
        )


_ARRAYS: tuple[tuple[str, type[np.generic]], ...] = (
    ("lane", np.int32),
    ("offsets", np.int64),
    ("times", np.int64),
    ("received", np.int64),
    ("ids", np.uint64),
    ("actions", np.uint8),
    ("place", np.int32),
    ("user", np.int32),
    ("item", np.int32),
)
_encode = msgspec.msgpack.Encoder().encode
_decode: Any = msgspec.msgpack.Decoder().decode


@dataclass(frozen=True, slots=True)
class Positions:
    """Of n events: shape (n,).

    Attributes:
        lanes: what `lane` points into.
        offsets: in the lane.
    """

    lanes: list[Lane]
    lane: Codes
    offsets: Integers


class Fields:
    """Takes events apart, some at a time, so that they can be freed before the next are decoded.

    No object is made for each event: Python's garbage collector would look at all of them again and again.

    Args:
        identified: whether event ids are needed.
    """

    def __init__(self, *, identified: bool) -> None:
        self._identified = identified
        self._tenants, self._scenarios, self._users, self._items = _Codes(), _Codes(), _Codes(), _Codes()
        self._tenant: list[int] = []
        self._scenario: list[int] = []
        self._user: list[int] = []
        self._item: list[int] = []
        self._times: list[int] = []
        self._received: list[int] = []
        self._ids: list[Hashes] = []
        self._actions: list[npt.NDArray[np.uint8]] = []

    def add(self, events: Sequence[Event]) -> None:
        """Take the next events: checked, in the order of their partition."""
        tenants, scenarios = self._tenants.__getitem__, self._scenarios.__getitem__
        users, items = self._users.__getitem__, self._items.__getitem__
        self._tenant += [tenants(event.tenant_id) for event in events]
        self._scenario += [scenarios(event.scenario_id) for event in events]
        self._user += [users(event.user_id) for event in events]
        self._item += [items(item) if (item := event.item_id) else -1 for event in events]
        self._times += [event.timestamp for event in events]
        self._received += [-1 if (at := event.received_at) is None else at for event in events]
        self._actions.append(_numbers([event.action_type for event in events]))
        if self._identified:
            self._ids.append(hashes_of([event.event_id for event in events]))

    def columns(self, positions: Positions, record_ms: Integers) -> Columns:
        """Columns of all n events that were added.

        Args:
            positions: of each.
            record_ms: the timestamp of each one's Kafka record, shape (n,): stands in for a missing time of receipt, or
                a later one, which would make every id that is remembered look old.
        """
        received = np.array(self._received, dtype=np.int64)
        places, place = self._places()
        return Columns(
            lanes=positions.lanes,
            lane=positions.lane,
            offsets=positions.offsets,
            times=np.array(self._times, dtype=np.int64),
            received=np.where(received < 0, record_ms, np.minimum(received, record_ms)),
            ids=np.concatenate([np.zeros(0, dtype=np.uint64), *self._ids]),
            actions=np.concatenate([np.zeros(0, dtype=np.uint8), *self._actions]),
            places=places,
            place=place,
            users=list(self._users),
            user=np.array(self._user, dtype=np.int32),
            items=list(self._items),
            item=np.array(self._item, dtype=np.int32),
            reached=_NONE,
        )

    def _places(self) -> tuple[list[Place], Codes]:
        tenants, scenarios = list(self._tenants), list(self._scenarios)
        pairs = np.array(self._tenant, dtype=np.int64) * len(scenarios) + np.array(self._scenario, dtype=np.int64)
        there, code = np.unique(pairs, return_inverse=True)
        places = [Place(tenants[pair // len(scenarios)], scenarios[pair % len(scenarios)]) for pair in there.tolist()]
        return places, code.astype(np.int32)


class _Codes(dict[str, int]):
    """Numbers the texts that it is asked for, in the order in which they come."""

    def __missing__(self, text: str) -> int:
        self[text] = code = len(self)
        return code


def _numbers(actions: Sequence[Action]) -> npt.NDArray[np.uint8]:
    """Their Enum8 numbers. By identity: the hash of an enum's member is worked out in Python."""
    numbers = map(_BY_IDENTITY.__getitem__, map(id, actions))
    return np.fromiter(numbers, dtype=np.uint8, count=len(actions))


_BY_IDENTITY = {id(action): number for action, number in NUMBERS.items()}
