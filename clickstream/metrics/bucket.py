"""The live metrics of a bucket's places: windows for Redis, closed minutes for Kafka."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import msgspec
import numpy as np

from clickstream.config.live_metrics import LiveMetricsSettings
from clickstream.kept import Due
from clickstream.metrics.closing import Closing
from clickstream.metrics.minutes import Minute, Minutes
from clickstream.metrics.parts import MINUTE_MS, MinuteEvents, decode_part
from clickstream.metrics.tally import Figures
from clickstream.places import Place
from clickstream.redis_keys import encoded
from clickstream.replay_filter import Reached, Stream

LOOK_MS = 2_000  # while a minute is open, lanes are looked at in this interval
_LANES = "lanes"
_FURTHEST = "furthest"


@dataclass(frozen=True, slots=True)
class MetricsWrite:
    """The window of one place; times in ms since the epoch, the end excluded."""

    place: Place
    figures: Figures
    window_start: int
    window_end: int
    updated_at: int


class MetricsBucket:
    """Minutes of the places of one bucket. See clickstream.kept.Bucket."""

    def __init__(self, settings: LiveMetricsSettings, streams: Iterable[Stream]) -> None:
        """Start empty.

        Args:
            settings: of the job.
            streams: of the ODS partitions, whose events are waited for.
        """
        self._settings = settings
        self._closing = Closing(streams, int(settings.idle_seconds * 1000))
        self._lanes_stored = True
        self._places: dict[Place, Minutes] = {}
        self._gone: list[Minutes] = []
        self._corrected_minute = -1
        self._too_late = 0
        self._reached_ms = -1
        self._furthest_ms = -1  # that they have reached ever: a lane that was silent may be behind it

    def load(self, name: str, entry: bytes) -> None:
        """Take over an entry."""
        if name == _LANES:
            for reached in msgspec.msgpack.decode(entry, type=list[Reached]):
                self._closing.heard(reached)
            self._reached_ms = self._closing.reached_ms(0)
            return
        if name == _FURTHEST:
            self._furthest_ms = msgspec.msgpack.decode(entry, type=int)
            return
        tenant_id, scenario_id = msgspec.msgpack.decode(entry)[0]
        self._place(Place(tenant_id, scenario_id)).load(entry)

    def apply(self, part: bytes, now_ms: int) -> bool:
        """Count events, then take note how far their lanes have come."""
        self._closing.listen(now_ms)
        found = decode_part(part)
        for events in found.minutes:
            self._add(events)
        for reached in found.reached:
            self._closing.heard(reached)
            self._lanes_stored = False
        return any(self._places[each.place].changed for each in found.minutes if each.place in self._places)

    def restored(self, now_ms: int) -> None:
        """Write everything again, and wait for every lane anew."""
        self._closing.listen(now_ms)
        self._closing.wait_anew()

    def changed_entries(self) -> Iterable[tuple[str, bytes | None]]:
        """One entry a minute and place, and two for the lanes."""
        if not self._lanes_stored:
            yield _LANES, msgspec.msgpack.encode(self._closing.known())
            yield _FURTHEST, msgspec.msgpack.encode(self._furthest_ms)
            self._lanes_stored = True
        for minutes in [*self._gone, *self._places.values()]:
            for number, entry in minutes.entries():
                yield f"{number}:{minutes.place.name}", entry
        self._gone = []

    def due(self, now_ms: int) -> Due[MetricsWrite]:
        """Windows that changed or moved; minutes that are closed; corrections, once a minute of event time."""
        self._closing.listen(now_ms)
        self._reached_ms = self._closing.reached_ms(now_ms)
        if self._reached_ms > self._furthest_ms:
            self._furthest_ms = self._reached_ms
            self._lanes_stored = False
        records, settled = self._close()
        writes = self._windows(now_ms)
        self._forget(now_ms)
        too_late, self._too_late = self._too_late, 0
        return Due(writes, records, settled, too_late)

    def next_due_ms(self, now_ms: int) -> int | None:
        """The next flush, look at the lanes, or turn of the minute."""
        if not self._places:
            return now_ms + LOOK_MS if self._too_late else None
        due = [(now_ms // MINUTE_MS + 1) * MINUTE_MS]
        flush_ms = int(self._settings.flush_seconds * 1000)
        due += [minutes.written_ms + flush_ms for minutes in self._places.values() if minutes.changed]
        if any(not minute.revision or minute.pending for _, minute, _ in self._all()):
            due.append(now_ms + LOOK_MS)
        return min(due)

    def _add(self, events: MinuteEvents) -> None:
        minutes = self._places.get(events.place)
        known = minutes is not None and events.minute in minutes.minutes
        if not known and self._is_forgotten(events.minute):  # late or not: a lane that was silent has late ones, too
            self._too_late += int(np.frombuffer(events.counts, np.int64).sum())
            return
        self._place(events.place).add(events)

    def _close(self) -> tuple[list[tuple[str, str]], bool]:
        lateness_ms = self._settings.lateness_seconds * 1000
        complete = (self._reached_ms - lateness_ms) // MINUTE_MS  # minutes below this are
        correct = complete > self._corrected_minute
        self._corrected_minute = max(complete, self._corrected_minute)
        records, settled = [], False
        for number, minute, minutes in self._all():
            if number >= complete:
                continue
            if not minute.revision:
                minute.revision = 1
                if minute.on_time:
                    records.append(_record(minutes.place, number, minute))
            elif minute.pending and correct:
                minute.revision = 1 + minute.events
                minute.pending = False
                records.append(_record(minutes.place, number, minute))
            else:
                continue
            minutes.unstored.add(number)
            settled = True
        return records, settled

    def _windows(self, now_ms: int) -> list[MetricsWrite]:
        last = now_ms // MINUTE_MS
        first = last - self._settings.window_minutes + 1
        writes = []
        for minutes in self._places.values():
            turned = minutes.last != last
            minutes.turn(first, last)
            if turned or (minutes.changed and now_ms >= minutes.written_ms + self._settings.flush_seconds * 1000):
                writes.append(
                    MetricsWrite(minutes.place, minutes.window(), first * MINUTE_MS, (last + 1) * MINUTE_MS, now_ms)
                )
                minutes.changed = False
                minutes.written_ms = now_ms
        return writes

    def _forget(self, now_ms: int) -> None:
        """Drop minutes that no window shows and no event can change; and places that have none left."""
        for number, minute, minutes in self._all():
            if minute.revision and not minute.pending and number < minutes.first and self._is_forgotten(number):
                minutes.forget(number)
        for place in [place for place, minutes in self._places.items() if not minutes.minutes]:
            self._gone.append(self._places.pop(place))

    def _is_forgotten(self, number: int) -> bool:
        keep_seconds = max(self._settings.keep_seconds, self._settings.window_minutes * 60)
        return Minutes.end_ms(number) + keep_seconds * 1000 <= self._furthest_ms

    def _all(self) -> list[tuple[int, Minute, Minutes]]:
        """Every minute of every place, in the order in which records are sent."""
        found = [
            (number, minute, minutes) for minutes in self._places.values() for number, minute in minutes.minutes.items()
        ]
        return sorted(found, key=lambda each: (each[0], each[2].place))

    def _place(self, place: Place) -> Minutes:
        if place not in self._places:
            self._places[place] = Minutes(place)
        return self._places[place]


def _record(place: Place, number: int, minute: Minute) -> tuple[str, str]:
    """Key and value of a closed minute's record. Nothing in it depends on when it is made."""
    start_ms = number * MINUTE_MS
    body = {
        "tenant_id": place.tenant_id,
        "scenario_id": place.scenario_id,
        "minute": start_ms,
        **asdict(minute.figures()),
        "revision": minute.revision,
        "correction": minute.revision > 1,
    }
    return f"{encoded(place.tenant_id)}:{encoded(place.scenario_id)}:{start_ms}", msgspec.json.encode(body).decode()
