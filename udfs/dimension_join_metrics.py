"""The join's numbers as Flink user metrics, shown under each subtask.

All are gauges of what was counted so far, because the join runs in an event loop: counters that are increased outside
the operator's own thread are lost, gauges are asked for in it.
"""

from collections.abc import Mapping
from typing import Any

from clickstream.dimensions.join import Joiner
from clickstream.dimensions.lookup import Lookup
from clickstream.names import JoinMetric


def show(group: Any, joiner: Joiner, lookups: Mapping[str, Lookup]) -> None:
    """Register them: once for all, and for each dimension under `dimension`."""
    group.gauge(JoinMetric.JOINED.value, lambda: joiner.counts.events)
    group.gauge(JoinMetric.GAVE_UP.value, lambda: joiner.counts.gave_up)
    for name, lookup in lookups.items():
        shown = group.add_group("dimension", name)
        counts = lookup.counts
        shown.gauge(JoinMetric.MISSING.value, lambda name=name: joiner.counts.missing[name])
        shown.gauge(JoinMetric.HITS.value, lambda counts=counts: counts.hits)
        shown.gauge(JoinMetric.QUERIED.value, lambda counts=counts: counts.queried)
        shown.gauge(JoinMetric.QUERIES.value, lambda counts=counts: counts.queries)
        shown.gauge(JoinMetric.QUERY_MILLISECONDS.value, lambda counts=counts: int(counts.query_seconds * 1000))
        shown.gauge(JoinMetric.ABSENT.value, lambda counts=counts: counts.absent)
        shown.gauge(JoinMetric.STALE.value, lambda counts=counts: counts.stale)
        shown.gauge(JoinMetric.UNKNOWN.value, lambda counts=counts: counts.unknown)
        shown.gauge(JoinMetric.FAILURES.value, lambda counts=counts: counts.failures)
