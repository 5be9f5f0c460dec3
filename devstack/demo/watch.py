"""What the demo shows while it runs: the latest of everything, put together without waiting for any server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from clickstream.clock import Clock
from clickstream.config import ClickHouseSettings, KafkaSettings, SinkSettings, resolve
from clickstream.epoch import current_epoch
from clickstream.reconcile.topic import Topic
from devstack.demo.census import Counted
from devstack.demo.health import Away, Health
from devstack.demo.jobs import Jobs, Seen
from devstack.demo.nodes import Nodes
from devstack.demo.poller import Poller
from devstack.demo.serving import Served, Serving
from devstack.demo.tail import Tail


@dataclass(frozen=True, slots=True)
class Sample:
    """The state at one moment; counts are of the events that were sent since the demo began.

    Attributes:
        at: seconds by the monotonic clock.
        rows: in ClickHouse, as of its last answer.
        jobs: each of them.
        away: servers that do not answer.
        served: what Redis tells a recommender; None before there is something.
    """

    at: float
    counted: Counted
    rows: int
    jobs: tuple[Seen, ...]
    away: tuple[Away, ...]
    served: Served | None

    @property
    def lag(self) -> int:
        """Records that are in Kafka and not yet accounted for."""
        counted = self.counted
        return max(0, counted.sent - self.rows - counted.rejected - counted.dead - counted.repeated)

    @property
    def progress(self) -> tuple[object, ...]:
        """Equal for two samples only when nothing has happened between them."""
        return (self.counted, self.rows, tuple((seen.state, seen.pending) for seen in self.jobs), self.away)


class Watch:
    """Samples the pipeline from where it stands when this object is made. Call close.

    Args:
        jobs: what runs.
        health: of the servers.
        clock: for the samples' times.
        visits: what the event ids of the demo's own visitors begin with.

    Attributes:
        epoch: of the ODS topic.
        firsts: by ODS partition, the offset at which the demo begins.
    """

    def __init__(self, jobs: Jobs, health: Health, clock: Clock, visits: str) -> None:
        kafka = resolve(KafkaSettings)
        self.jobs, self.health, self._clock = jobs, health, clock
        self.epoch = current_epoch(kafka, kafka.topic_behaviors)
        names = (kafka.topic_behaviors, kafka.topic_enriched, kafka.topic_rejected, kafka.topic_dead_letters)
        ends = {name: _ends(kafka.bootstrap, name) for name in names}
        self.firsts = ends[kafka.topic_behaviors]
        self._tail = Tail(kafka, self.epoch, ends, visits)
        self._nodes = Nodes(resolve(ClickHouseSettings).cluster)
        sql = _count(resolve(SinkSettings).table, self.epoch, self.firsts)
        self._rows = Poller("rows", lambda: sum(int(row[0]) for row in self._nodes.query(sql)), 0)
        keys = {kind.key for kind in jobs.kinds}
        self._serving = Serving() if keys & {"hot", "metrics"} else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ask no more."""
        self._rows.close()
        self._tail.close()
        if self._serving:
            self._serving.close()

    def sample(self) -> Sample:
        """The latest of everything."""
        return Sample(
            at=self._clock.monotonic(),
            # Rows first: a record is sent before it is stored.
            rows=self._rows.answer,
            counted=self._tail.counted(),
            jobs=tuple(self.jobs.seen()),
            away=self.health.away,
            served=self._serving.served if self._serving else None,
        )


def _ends(bootstrap: str, name: str) -> dict[int, int]:
    topic = Topic(bootstrap, name)
    try:
        return topic.ends()
    finally:
        topic.close()


def _count(table: str, epoch: int, firsts: Mapping[int, int]) -> str:
    spans = " OR ".join(f"(_partition = {number} AND _offset >= {first})" for number, first in firsts.items())
    return f"SELECT count() FROM {table} WHERE _epoch = {epoch} AND ({spans or '0'})"
