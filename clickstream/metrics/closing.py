"""How far all ODS partitions have come: what ended well before that is complete."""

from collections.abc import Iterable

from clickstream.replay_filter import Reached, Stream

# Time in which nobody could listen (a blocked write, a suspended machine) is not silence: of a longer gap between two
# looks at the clock only so much counts.
LONGEST_GAP_MS = 5_000


class Closing:
    """The least event time that the streams of ODS partitions have reached, those left aside that are idle."""

    def __init__(self, streams: Iterable[Stream], idle_ms: int) -> None:
        """Start with streams that are all expected, and none heard of."""
        self._reached: dict[Stream, int] = dict.fromkeys(streams, -1)
        self._heard: dict[Stream, int] = dict.fromkeys(self._reached, 0)
        self._idle_ms = idle_ms
        self._listened_ms = 0
        self._now_ms: int | None = None

    def listen(self, now_ms: int) -> None:
        """Let the clock go on."""
        if self._now_ms is not None:
            self._listened_ms += min(max(0, now_ms - self._now_ms), LONGEST_GAP_MS)
        self._now_ms = now_ms

    def heard(self, reached: Reached) -> None:
        """Take note of a stream."""
        self._reached[reached.stream] = max(reached.time_ms, self._reached.get(reached.stream, -1))
        self._heard[reached.stream] = self._listened_ms

    def wait_anew(self) -> None:
        """Wait for every stream: after a restart nothing says which are idle."""
        self._heard = dict.fromkeys(self._reached, self._listened_ms)

    def reached_ms(self, now_ms: int) -> int:
        """Event time up to which all streams have come; an idle one counts as having come up to the clock."""
        return min(
            (
                now_ms if self._listened_ms > self._heard[stream] + self._idle_ms else time_ms
                for stream, time_ms in self._reached.items()
            ),
            default=-1,
        )

    def known(self) -> list[Reached]:
        """What was heard, to be loaded by `heard`."""
        return [Reached(lane, 0, time_ms, source) for (source, lane), time_ms in self._reached.items() if time_ms >= 0]
