"""The columnar form of events before they become JSON: one numpy record each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.void]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
AnyArray = npt.NDArray[Any]

# `happened` and `sent` are model time in microseconds (see timewarp). `user` and `item` number all tenants' together:
# tenant * users + user; item is -1 for none. `salt` decides whatever else the event shows, so that a duplicate, which
# has the same salt, renders to the same bytes. `position` starts at 1; 0 is none. `fault` is 0 or 1 + index of a kind.
RECORD = np.dtype(
    [
        ("happened", np.int64),
        ("sent", np.int64),
        ("session", np.uint64),
        ("request", np.uint64),
        ("salt", np.uint64),
        ("user", np.int32),
        ("item", np.int32),
        ("name", np.int16),
        ("scenario", np.int8),
        ("position", np.int8),
        ("fault", np.int8),
        ("duplicate", np.bool_),
    ]
)


@dataclass(frozen=True)
class Chunk:
    """Records in the order in which they are sent.

    Attributes:
        keys: user_id in UTF-8.
        values: the JSON, or what malformed ones hold instead.
        timestamps: Kafka timestamps in ms since the epoch, never decreasing.
        event_times: the events' own timestamps in ms, shape (n,); of malformed ones, before they were broken.
        records: the columnar form, dtype RECORD, shape (n,).
        complete_before_ms: no later chunk holds an event time below this.
    """

    keys: list[bytes]
    values: list[bytes]
    timestamps: list[int]
    event_times: Ints
    records: Records
    complete_before_ms: int

    def __len__(self) -> int:
        return len(self.values)

    def part(self, begin: int, end: int) -> "Chunk":
        """Records begin to end - 1. Event times are incomplete until the last part: it alone has the bound."""
        bound = self.complete_before_ms if end >= len(self) else 0
        return Chunk(
            self.keys[begin:end],
            self.values[begin:end],
            self.timestamps[begin:end],
            self.event_times[begin:end],
            self.records[begin:end],
            bound,
        )


def mix(words: Words) -> Words:
    """Scramble 64-bit words, equally everywhere: the finalizer of splitmix64 (Steele, Lea, Flood 2014)."""
    mixed = words + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
