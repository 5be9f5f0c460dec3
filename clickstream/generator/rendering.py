"""From records to JSON, a column at a time.

An event is fourteen parts one after the other. One part has a fixed width and is written into a byte matrix; the others
are rows of pre-rendered tables. pyarrow joins them in native code: about half a microsecond an event, where formatting
each in Python takes three.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clickstream.generator.catalogue import ADD_CART, CLICK, CUSTOM, MAX_GROUPS, ORDER, PAGEVIEW, SCENARIOS, VIEW
from clickstream.generator.fragments import (
    CONTEXTS,
    DETAIL,
    EXTRAS,
    POSITIONS,
    SALE,
    SCREEN_HEIGHT,
    SCREEN_WIDTH,
    WATCHES,
    Fragments,
)
from clickstream.generator.malformed import break_event
from clickstream.generator.model import TrafficModel
from clickstream.generator.population import Population
from clickstream.generator.records import AnyArray, Ints, Records, Words, mix

Bytes = npt.NDArray[np.uint8]

_HEX = np.frombuffer("".join(f"{i:02x}" for i in range(256)).encode(), dtype=np.uint16)
_FOUR_DIGITS = np.frombuffer("".join(f"{i:04d}" for i in range(10_000)).encode(), dtype=np.uint32)
# The dashes of a UUID stand after 4, 6, 8 and 10 of its 16 bytes.
_UUID_GROUPS = ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24))
_HEAD = b'{"event_id":"' + b"-" * 36 + b'","timestamp":' + b"0" * 13 + b',"session_id":"' + b"0" * 12
_HEAD += b'","user_id":"' + b"0" * 9 + b'"'
_EVENT_ID, _TIMESTAMP = _HEAD.index(b"-"), _HEAD.index(b"0000")
_SESSION = _HEAD.index(b"0000", _TIMESTAMP + 13)
_USER = _HEAD.index(b"0000", _SESSION + 12)
_REQUEST = b',"request_id":"' + b"0" * 12 + b'"'


def hexadecimal(words: Words) -> Bytes:
    """Sixteen lower-case digits of each word, shape (n, 16)."""
    return _HEX[words.astype(">u8").view(np.uint8)].view(np.uint8).reshape(-1, 16)


def digits(numbers: Ints) -> Bytes:
    """The decimal digits of numbers that have thirteen, shape (n, 13)."""
    groups = np.stack([numbers // 10**12, numbers // 10**8 % 10**4, numbers // 10**4 % 10**4, numbers % 10**4], axis=1)
    spelled: Bytes = _FOUR_DIGITS[groups].view(np.uint8).reshape(-1, 16)[:, 3:]
    return spelled


def uuid7(milliseconds: Ints, salt: Words, more: Words) -> Bytes:
    """UUIDs of version 7 (RFC 9562, 5.7) as text, shape (n, 36): 48 bits of time, 74 from the two words."""
    high = (milliseconds.astype(np.uint64) << np.uint64(16)) | np.uint64(0x7000) | (more & np.uint64(0xFFF))
    low = (salt & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    text = np.concatenate([hexadecimal(high), hexadecimal(low)], axis=1)
    spelled = np.full((len(text), 36), ord("-"), dtype=np.uint8)
    for begin, end, at in _UUID_GROUPS:
        spelled[:, at : at + end - begin] = text[:, begin:end]
    return spelled


def fixed_width(matrix: Bytes) -> pa.BinaryArray:
    """Rows of a byte matrix as binary values, without a copy."""
    count, width = matrix.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(matrix)])


class Renderer:
    """Renders the records of one model. The bytes depend on a record and its times alone."""

    def __init__(self, model: TrafficModel, population: Population) -> None:
        self._population = population
        self._users = model.users
        self._places = model.tenants * len(SCENARIOS)
        self._fragments = Fragments.of(model)

    def keys(self, records: Records) -> list[bytes]:
        """The user ids, in UTF-8."""
        keys: list[bytes] = self._fragments.user_ids[records["user"]].tolist()
        return keys

    def values(self, records: Records, event_times: Ints, sent_ms: Ints) -> list[bytes]:
        """JSON of each record, or what is left of it where the record has a fault."""
        joined = pc.binary_join_element_wise(*self._parts(records, event_times), b"")
        buffers = joined.buffers()
        offsets = np.frombuffer(buffers[1], dtype=np.int32)[: len(joined) + 1].tolist()
        text = buffers[2].to_pybytes()
        values = [text[begin:end] for begin, end in pairwise(offsets)]
        faults = np.flatnonzero(records["fault"])
        for row, fault, salt in zip(
            faults.tolist(), records["fault"][faults].tolist(), records["salt"][faults].tolist(), strict=True
        ):
            values[row] = break_event(values[row], fault, int(sent_ms[row]), salt)
        return values

    def _parts(self, records: Records, event_times: Ints) -> list[pa.BinaryArray]:
        """The parts of each event from left to right."""
        tables = self._fragments
        name, item, position = records["name"], records["item"].astype(np.int64), records["position"]
        place = records["user"] // self._users * len(SCENARIOS) + records["scenario"]
        group = self._population.group(records["user"], records["scenario"])
        dice = mix(records["salt"])
        clicked = name == CLICK
        product = (name == VIEW) | (name == ADD_CART)
        listed = clicked | (name == PAGEVIEW) | ((name >= CUSTOM) & (dice & np.uint64(1) == 0))
        pointed = clicked | ((name >= CUSTOM) & listed)
        context = mix(records["user"].astype(np.uint64)) % np.uint64(CONTEXTS)
        request = np.broadcast_to(np.frombuffer(_REQUEST, dtype=np.uint8), (len(records), len(_REQUEST))).copy()
        request[:, 15:27] = hexadecimal(records["request"])[:, 4:]

        def chosen(bits: int, size: int) -> Words:
            return (dice >> np.uint64(bits)) % np.uint64(size)

        def where(present: AnyArray, index: AnyArray) -> AnyArray:
            return np.where(present, index.astype(np.int64), 0)

        extra = where((name == ADD_CART) | (name == ORDER), SALE + chosen(12, EXTRAS))
        extra += where((name >= CUSTOM) & ~listed, DETAIL + chosen(12, EXTRAS))
        return [
            self._head(records, event_times, dice),
            tables.place.take(pa.array(place.astype(np.int64) * MAX_GROUPS + group)),
            tables.name.take(pa.array(name)),
            tables.item.take(pa.array(item + 1)),
            tables.page.take(pa.array(where(listed, place + 1) + where(product, place + 1 + self._places))),
            tables.url_end.take(pa.array(where(product, item + 1))),
            pc.if_else(pa.array(name < PAGEVIEW), fixed_width(request), pa.scalar(b"", pa.binary())),
            tables.slot.take(pa.array(position + np.where(clicked, POSITIONS, 0))),
            tables.x.take(pa.array(where(pointed, 1 + chosen(20, SCREEN_WIDTH)))),
            tables.y.take(pa.array(where(pointed, 1 + chosen(32, SCREEN_HEIGHT)))),
            tables.viewport.take(pa.array(where(pointed | (name == PAGEVIEW), 1 + context))),
            tables.context.take(pa.array(context)),
            tables.watch.take(pa.array(where(name == VIEW, 1 + chosen(44, WATCHES)))),
            tables.ending.take(pa.array(extra)),
        ]

    def _head(self, records: Records, event_times: Ints, dice: Words) -> pa.BinaryArray:
        matrix = np.broadcast_to(np.frombuffer(_HEAD, dtype=np.uint8), (len(records), len(_HEAD))).copy()
        matrix[:, _EVENT_ID : _EVENT_ID + 36] = uuid7(event_times, records["salt"], dice)
        matrix[:, _TIMESTAMP : _TIMESTAMP + 13] = digits(event_times)
        matrix[:, _SESSION : _SESSION + 12] = hexadecimal(records["session"])[:, 4:]
        matrix[:, _USER : _USER + 9] = self._fragments.user_ids[records["user"]].view(np.uint8).reshape(-1, 9)
        return fixed_width(matrix)
