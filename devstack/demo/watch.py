"""What the demo shows while it runs."""

import time
from dataclasses import dataclass, field

from rich.table import Table

from clickstream.clock import Clock
from clickstream.names import SinkMetric
from clickstream.reconcile.reconcile import Ledger
from clickstream.reconcile.topic import Span
from devstack.demo.job import Job


@dataclass(frozen=True, slots=True)
class Sample:
    """The state at one moment. Counts are since the demo began; `at` is seconds by the monotonic clock."""

    at: float
    sent: int
    rows: int
    rejected: int
    dead: int
    duplicates: int
    state: str

    @property
    def lag(self) -> int:
        """Records that are in Kafka and not yet accounted for."""
        return max(0, self.sent - self.rows - self.rejected - self.dead - self.duplicates)


@dataclass
class Watch:
    """Samples the pipeline, from where it stood when this object was made."""

    ledger: Ledger
    job: Job
    clock: Clock
    firsts: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.firsts = self.ledger.topic.ends()
        self._rejected = sum(self.ledger.rejected.ends().values())
        self._dead = sum(self.ledger.dead.ends().values())
        self._duplicates = self.job.metric(SinkMetric.DUPLICATES_REMOVED)

    def spans(self) -> list[Span]:
        """What was sent since the beginning."""
        return self.ledger.topic.spans(self.firsts)

    def sample(self) -> Sample:
        """Ask Kafka, ClickHouse and Flink."""
        spans = self.spans()
        return Sample(
            at=self.clock.monotonic(),
            sent=sum(map(len, spans)),
            rows=self.ledger.stored.count(self.ledger.epoch, spans),
            rejected=sum(self.ledger.rejected.ends().values()) - self._rejected,
            dead=sum(self.ledger.dead.ends().values()) - self._dead,
            duplicates=max(0, self.job.metric(SinkMetric.DUPLICATES_REMOVED) - self._duplicates),
            state=self.job.state(),
        )


def line(now: Sample, before: Sample) -> str:
    """One sample on one line, for output that is not a terminal."""
    seconds = max(now.at - before.at, 1e-3)
    return (
        f"{time.strftime('%H:%M:%S')}  {now.state.lower()}"
        f"  sent {now.sent:,} ({(now.sent - before.sent) / seconds:,.0f}/s)"
        f"  rows {now.rows:,} ({(now.rows - before.rows) / seconds:,.0f}/s)  lag {now.lag:,}"
        f"  rejected {now.rejected:,}  duplicates {now.duplicates:,}  dead letters {now.dead:,}"
    )


def table(samples: list[Sample], job: Job) -> Table:
    """The latest samples, newest at the bottom."""
    shown = Table(
        title="Kafka -> Flink -> ClickHouse", caption=f"Flink web UI: {job.page}\nCtrl-C stops", caption_justify="left"
    )
    headings = ("seconds", "job", "sent", "events/s", "rows", "rows/s", "lag", "rejected", "duplicates", "dead letters")
    for heading in headings:
        shown.add_column(heading, justify="right")
    first = samples[0]
    for before, now in zip(samples, samples[1:], strict=False):
        seconds = max(now.at - before.at, 1e-3)
        shown.add_row(
            f"{now.at - first.at:.0f}",
            now.state.lower(),
            f"{now.sent:,}",
            f"{(now.sent - before.sent) / seconds:,.0f}",
            f"{now.rows:,}",
            f"{(now.rows - before.rows) / seconds:,.0f}",
            f"{now.lag:,}",
            f"{now.rejected:,}",
            f"{now.duplicates:,}",
            f"{now.dead:,}",
        )
    return shown
