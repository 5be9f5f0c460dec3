"""What the sink tells Flink, noted by something that takes metrics as Flink's group does."""

from collections.abc import Callable

import pytest

from clickstream.config.clickhouse import Cluster, Shard, parse_cluster
from clickstream.names import SinkMetric
from sinks.clickhouse.batch import Report
from sinks.clickhouse.ingest import Ingested
from sinks.flink.metrics import SinkMetrics


class Group:
    """Counters, distributions and gauges by name; those of a group below stand behind its name and value."""

    def __init__(self, prefix: str = "", noted: "Group | None" = None) -> None:
        self._prefix = prefix
        self.counts: dict[str, int] = noted.counts if noted else {}
        self.updates: dict[str, list[int]] = noted.updates if noted else {}
        self.gauges: dict[str, Callable[[], int]] = noted.gauges if noted else {}

    def counter(self, name: str) -> "Counter":
        return Counter(self.counts, self._prefix + name)

    def distribution(self, name: str) -> "Distribution":
        return Distribution(self.updates.setdefault(self._prefix + name, []))

    def gauge(self, name: str, value: Callable[[], int]) -> None:
        self.gauges[self._prefix + name] = value

    def add_group(self, name: str, value: str) -> "Group":
        return Group(f"{self._prefix}{name}.{value}.", self)


class Counter:
    def __init__(self, counts: dict[str, int], name: str) -> None:
        self._counts, self._name = counts, name
        counts[name] = 0

    def inc(self, by: int) -> None:
        self._counts[self._name] += by


class Distribution:
    def __init__(self, values: list[int]) -> None:
        self._values = values

    def update(self, value: int) -> None:
        self._values.append(value)


class Nodes:
    """What SinkMetrics asks of a Writer: of the second shard's three replicas one is left alone."""

    cluster: Cluster = parse_cluster("http://a;http://b,http://c,http://d")

    def __init__(self) -> None:
        self.unhealthy = [self.cluster.shards[1].replicas[0]]

    def healthy_replicas(self, shard: Shard) -> int:
        return sum(node not in self.unhealthy for node in shard.replicas)


@pytest.fixture
def group() -> Group:
    return Group()


@pytest.fixture
def metrics(group: Group) -> SinkMetrics:
    return SinkMetrics(group, 10, Nodes())  # type: ignore[arg-type] # it stands in for the Writer


def test_each_shard_says_how_many_of_its_replicas_are_healthy(group: Group, metrics: SinkMetrics) -> None:
    assert metrics is not None
    shown = {name: value() for name, value in group.gauges.items()}
    assert shown == {"shard.1.healthy_replicas": 1, "shard.2.healthy_replicas": 2, "unhealthy_nodes": 1}


def test_a_write_tells_its_milliseconds_and_rows(group: Group, metrics: SinkMetrics) -> None:
    metrics.update(10, 10, Ingested(report=Report(written=7, found=2, inserts=3), write_seconds=1.2345))
    metrics.update(3, 3, Ingested(report=Report(written=3, inserts=1), write_seconds=0.05))
    assert group.updates == {SinkMetric.WRITE_MILLISECONDS: [1234, 50], SinkMetric.ROWS_PER_BATCH: [7, 3]}
    assert group.counts[SinkMetric.ROWS_WRITTEN] == 12


def test_a_batch_without_an_insert_tells_no_time(group: Group, metrics: SinkMetrics) -> None:
    metrics.update(3, 3, Ingested(rejected=3, write_seconds=0.5))
    assert group.updates == {SinkMetric.WRITE_MILLISECONDS: [], SinkMetric.ROWS_PER_BATCH: []}
    assert group.counts[SinkMetric.ROWS_REJECTED] == 3


def test_a_batch_is_counted_by_what_ended_it(group: Group, metrics: SinkMetrics) -> None:
    for weight, records in ((10, 10), (10, 10), (9, 9), (10, 4)):
        metrics.update(weight, records, Ingested())
    found = [group.counts[metric] for metric in (SinkMetric.BATCHES_BY_SIZE, SinkMetric.BATCHES_BY_TIME)]
    assert (*found, group.counts[SinkMetric.BATCHES_BY_BYTES]) == (2, 1, 1)
