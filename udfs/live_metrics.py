"""Pre-aggregation of live metrics, as the second step asks for it."""

from clickstream.clock import SystemClock
from clickstream.columns import Columns, Lane
from clickstream.config import LiveMetricsSettings
from clickstream.metrics.parts import Progress, encode_part
from clickstream.replay_filter import Reached


class PreAggregateMinutes:
    """What a micro-batch adds to minutes, by bucket, and word of how far its lanes have come."""

    def __init__(self, settings: LiveMetricsSettings) -> None:
        self._lateness_ms = settings.lateness_seconds * 1000
        # Four times within what counts as idle, so that a lane whose event time stands still is not taken for silent.
        self._progress = Progress(int(settings.idle_seconds * 1000 / 4))
        self._clock = SystemClock()

    def parts(self, columns: Columns, lanes: dict[Lane, Reached]) -> list[tuple[int, bytes]]:
        """See udfs.survivors.PreAggregate."""
        parts = self._progress.parts(columns, lanes, self._lateness_ms, int(self._clock.now() * 1000))
        return [(bucket, encode_part(part)) for bucket, part in parts]
