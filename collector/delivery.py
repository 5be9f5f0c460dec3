"""From accepted events to stored ones: every sink of the source has them, or the answer says that they are not."""

import asyncio
from collections.abc import Mapping, Sequence

from collector.metrics import Metrics
from collector.problem import ProblemError, busy
from collector.records import Record
from collector.sinks.sink import Sink, SinkRefusedError, SinkUnavailableError
from collector.spool.spooled import SpooledSink


class Delivery:
    """Writes to sinks.

    Args:
        sinks: by name.
    """

    def __init__(self, sinks: Mapping[str, Sink]) -> None:
        self.sinks = dict(sinks)

    async def start(self) -> None:
        """Make all sinks ready."""
        await asyncio.gather(*(sink.start() for sink in self.sinks.values()))

    async def close(self) -> None:
        """Close all sinks."""
        await asyncio.gather(*(sink.close() for sink in self.sinks.values()))

    async def deliver(self, records: Sequence[Record], names: Sequence[str]) -> None:
        """Return when each of the named sinks (none: all) has all records for good.

        Raises:
            ProblemError: 413, one of them never takes a record of these. 503, one of them has not taken all. Others may
                have: sending again changes nothing there, since downstream an event is known by its id.
        """
        if not records:
            return
        chosen = [self.sinks[name] for name in names] or list(self.sinks.values())
        try:
            if len(chosen) == 1:
                await chosen[0].write(records)
            else:
                await self._to_all(chosen, records)
        except SinkRefusedError as error:
            raise ProblemError(413, error.reason, f"{error}: send its events without the largest") from None
        except SinkUnavailableError as error:
            raise busy(error.reason, f"{error}; nothing is lost when the same request is sent again later", 2) from None

    async def _to_all(self, chosen: Sequence[Sink], records: Sequence[Record]) -> None:
        outcomes = await asyncio.gather(*(sink.write(records) for sink in chosen), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def problems(self) -> dict[str, str]:
        """Sinks that take nothing, and why."""
        return {name: problem for name, sink in self.sinks.items() if (problem := sink.problem())}

    def measure(self, metrics: Metrics) -> None:
        """Tell the gauges how full everything is."""
        spools = [sink for sink in self.sinks.values() if isinstance(sink, SpooledSink)]
        metrics.spool_bytes.set(sum(sink.spooled_bytes() for sink in spools))
        metrics.unacknowledged.set(sum(sink.waiting() for sink in self.sinks.values()))
