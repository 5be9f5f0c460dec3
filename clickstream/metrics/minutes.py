"""The minutes of one place."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from clickstream.metrics.parts import MINUTE_MS, MinuteEvents
from clickstream.metrics.tally import Figures, Tally, Total
from clickstream.places import Place


@dataclass(slots=True)
class Minute:
    """One minute of one place.

    Attributes:
        on_time: events that were not late: what the final record says.
        late: the others, and those that came when the minute was closed.
        revision: of the last record: 0 while the minute is open, 1 when it is closed; of a correction 1 and the number
            of events in it. So the highest has the most, also where a restart counts an event as on time that the last
            attempt had as late: one of a partition that was taken for idle.
        pending: whether `late` holds something that no record says.
    """

    on_time: Tally = field(default_factory=Tally)
    late: Tally = field(default_factory=Tally)
    revision: int = 0
    pending: bool = False

    @property
    def events(self) -> int:
        """How many, late or not."""
        return self.on_time.events + self.late.events

    def figures(self) -> Figures:
        """Of what a record of this revision says."""
        total = Total()
        self.on_time.into(total)
        if self.revision > 1:
            self.late.into(total)
        return total.figures()


class _Entry(msgspec.Struct, array_like=True):
    place: Place
    minute: int
    revision: int
    pending: bool
    on_time: bytes
    late: bytes


class Minutes:
    """All minutes of one place that are kept, and the total of those in the rolling window."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.changed = True  # since the window was written last
        self.written_ms = 0
        self.minutes: dict[int, Minute] = {}
        self.unstored: set[int] = set()
        self.first = self.last = 0
        self._window = Total()

    def load(self, entry: bytes) -> None:
        """Take over an entry."""
        found = msgspec.msgpack.decode(entry, type=_Entry)
        self.minutes[found.minute] = Minute(
            Tally.decode(found.on_time), Tally.decode(found.late), found.revision, found.pending
        )

    def entries(self) -> Iterator[tuple[int, bytes | None]]:
        """Those that changed since this was called last; None: it is kept no more."""
        for number in self.unstored:
            minute = self.minutes.get(number)
            if minute is None:
                yield number, None
                continue
            entry = _Entry(
                self.place, number, minute.revision, minute.pending, minute.on_time.encode(), minute.late.encode()
            )
            yield number, msgspec.msgpack.encode(entry)
        self.unstored = set()

    def add(self, events: MinuteEvents) -> None:
        """Count events, in their minute and in the window."""
        minute = self.minutes.setdefault(events.minute, Minute())
        counts = np.frombuffer(events.counts, np.int64)
        users, items = np.frombuffer(events.users, np.uint64), np.frombuffer(events.items, np.uint64)
        if events.late or minute.revision:
            minute.late.add(counts, users, items)
            minute.pending = True
        else:
            minute.on_time.add(counts, users, items)
        self.unstored.add(events.minute)
        if self.first <= events.minute <= self.last:
            self._window.add(counts, users, items)
            self.changed = True

    def turn(self, first: int, last: int) -> None:
        """Move the window to these minutes, both included."""
        if (first, last) == (self.first, self.last):
            return
        self.first, self.last = first, last
        self._window = Total()
        for number, minute in self.minutes.items():
            if first <= number <= last:
                minute.on_time.into(self._window)
                minute.late.into(self._window)
        self.changed = True

    def window(self) -> Figures:
        """Of the window."""
        return self._window.figures()

    def forget(self, number: int) -> None:
        """Keep a minute no more."""
        del self.minutes[number]
        self.unstored.add(number)

    @staticmethod
    def end_ms(number: int) -> int:
        """End of a minute, ms since the epoch."""
        return (number + 1) * MINUTE_MS
