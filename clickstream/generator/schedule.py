"""A calendar queue: events wait in the slice of model time in which they are to be sent."""

from collections import defaultdict

import numpy as np

from clickstream.generator.records import RECORD, Records


class Schedule:
    """Events by slices of equal length; slice k is [k * length, (k + 1) * length).

    Each event is sorted twice, within what it came with and within its slice, whatever the length of the queue.
    """

    def __init__(self, slice_us: int) -> None:
        self.slice_us = slice_us
        self._waiting: defaultdict[int, list[Records]] = defaultdict(list)

    def add(self, events: Records) -> None:
        """Queue events by their `sent`."""
        if not len(events):
            return
        number = events["sent"] // self.slice_us
        order = np.argsort(number, kind="stable")
        events, number = events[order], number[order]
        begins = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
        for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(events)], strict=True):
            self._waiting[int(number[begin])].append(events[begin:end])

    def take(self, number: int) -> Records:
        """Remove slice `number`, in order of sending; equal times keep the order in which they were added."""
        waiting = self._waiting.pop(number, None)
        if not waiting:
            return np.zeros(0, dtype=RECORD)
        events = np.concatenate(waiting)
        return events[np.argsort(events["sent"], kind="stable")]
