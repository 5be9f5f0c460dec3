"""What Prometheus makes of the running jobs: every figure has values, and of the alerts those fire that should."""

from collections.abc import Set

import pytest

from tests.kit.waiting import wait_for
from tests.observability.platform import JOBS, Platform
from tests.observability.rules import ALERTS, FIGURES, labels, metrics

pytestmark = pytest.mark.stack

EVERY_JOB = (
    "clickstream:consumer_lag:records",
    "clickstream:records_consumed:rate1m",
    "clickstream:checkpoints_completed:increase15m",
    "clickstream:checkpoints_failed:increase15m",
    "clickstream:checkpoint_duration:seconds",
    "clickstream:uptime:seconds",
    "clickstream:restarts:increase15m",
)
ON_REDIS = {"ItemHotScoreCalculator", "RealtimeMetricsAggregator", "UserRecent"}


def test_flinks_processes_and_the_collector_are_scraped(platform: Platform) -> None:
    expected = dict.fromkeys(("jobmanager", "taskmanager", "collector"), ("up", ""))
    assert platform.prometheus.targets() == expected


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_comes_from_metrics_that_a_running_process_exposes(platform: Platform, figure: str) -> None:
    raw = {name for name in metrics(FIGURES[figure]) if not name.startswith("clickstream:")}
    assert raw <= platform.prometheus.metric_names()
    wait_for(lambda: platform.prometheus.query(figure), 60, f"{figure} has a value", pause=0.5)
    grouped = sorted(labels(FIGURES[figure])) or ["job_name"]
    for values in platform.prometheus.labels(figure, *grouped):
        assert all(values), f"{figure} by {grouped}: {values}"


@pytest.mark.parametrize("figure", EVERY_JOB)
def test_every_job_has_the_figures_of_every_job(platform: Platform, figure: str) -> None:
    wait_for_labels(platform, figure, {(name,) for name in JOBS}, "job_name")


def test_figures_of_one_kind_of_job_come_from_that(platform: Platform) -> None:
    wait_for_labels(platform, "clickstream:event_to_redis:seconds5m", {(name,) for name in ON_REDIS}, "job_name")
    wait_for_labels(platform, "clickstream:healthy_replicas:min == 1", {("1",), ("2",), ("3",)}, "shard")
    dimensions = {("product",), ("category",), ("geo",), ("scenario",)}
    wait_for_labels(platform, "clickstream:dimension_missing:ratio15m", dimensions, "dimension")


def wait_for_labels(platform: Platform, figure: str, expected: Set[tuple[str, ...]], name: str) -> None:
    """Some jobs begin later than others."""

    def found() -> set[tuple[str, ...]]:
        return platform.prometheus.labels(figure, name)

    wait_for(lambda: found() == expected, 60, lambda: f"{figure} by {name}: {found()}", pause=0.5)


def test_prometheus_judges_every_rule_without_an_error(platform: Platform) -> None:
    found = {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in platform.prometheus.rules()}
    assert found == dict.fromkeys([*FIGURES, *ALERTS], ("ok", ""))


def test_the_alert_about_dead_letters_fires_and_none_about_what_is_well(platform: Platform) -> None:
    def states() -> dict[str, str]:
        return {rule["name"]: rule["state"] for rule in platform.prometheus.rules() if rule["type"] == "alerting"}

    # Every node refuses shares, and this alert waits for nothing.
    wait_for(lambda: states()["ClickstreamDeadLetters"] == "firing", 60, lambda: str(states()), pause=0.5)
    well = {
        "ClickstreamMetricsUnreachable",
        "ClickstreamJobMissing",
        "ClickstreamJobRestarting",
        "ClickstreamShardDown",
        "ClickstreamReplicaDown",
        "ClickstreamDimensionsMissing",
        "ClickstreamEventsRejected",
        "ClickstreamCollectorFailing",
        "ClickstreamCollectorQueueFull",
        "ClickstreamCollectorSpooling",
        "ClickstreamCollectorSpoolFull",
    }
    assert {name: state for name, state in states().items() if name in well} == dict.fromkeys(well, "inactive")
