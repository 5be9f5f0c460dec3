"""docs/operations/sizing.md is what the measurements make of it, and overlays/prod has what the page asks for."""

import re

import pytest

from bench import sizing
from clickstream.migrate.topics import read_topics
from tests.deploy.lint.flink import mebibytes
from tests.deploy.rendering import manifests, of_kind
from tests.kit.servers import REPOSITORY

BENCH = sizing.BENCH.read_text(encoding="utf-8")
PAGE = sizing.PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_measurements_make_of_it() -> None:
    assert sizing.page(BENCH, PAGE) == PAGE, "run make sizing, and read whether the words around the tables still hold"


def test_another_measurement_is_another_page() -> None:
    faster = re.sub(r"^(\| user_recent \|) [\d,]+", r"\1 12,345", BENCH, flags=re.MULTILINE)
    assert "12,345" in sizing.page(faster, PAGE)


def test_a_figure_that_has_gone_is_named() -> None:
    with pytest.raises(sizing.SizingError, match="rate of user_recent"):
        sizing.page(BENCH.replace("| user_recent |", "| recent |"), PAGE)
    with pytest.raises(sizing.SizingError, match="no place for the table 'cost'"):
        sizing.page(BENCH, PAGE.replace("<!-- cost -->", ""))


def test_production_has_the_subtasks_that_the_page_asks_for() -> None:
    measured = sizing.Measured.read(BENCH, PAGE)
    wanted = {name: measured.subtasks(job) for job, name in sizing.JOBS.items()}
    found = {
        each["metadata"]["name"]: each["spec"]["job"]["parallelism"]
        for each in of_kind(manifests("overlays/prod"), "FlinkDeployment")
    }
    assert all(found[name] >= wanted[name] for name in wanted), f"overlays/prod has {found}, wanted are {wanted}"


def test_what_the_page_takes_for_given_is_in_the_repository() -> None:
    topics = read_topics(REPOSITORY / "ddl" / "kafka" / "topics.yaml").topics
    large = [topic for topic in topics if topic.setting in ("topic_behaviors", "topic_enriched")]
    assert {(topic.partitions, topic.retention_days) for topic in large} == {(sizing.PARTITIONS, sizing.KAFKA_DAYS)}
    table = (REPOSITORY / "ddl" / "clickhouse" / "001_user_behaviors.sql").read_text(encoding="utf-8")
    assert re.search(rf"TTL .*INTERVAL {sizing.CLICKHOUSE_DAYS} DAY", table)
    deployments = of_kind(manifests("overlays/prod"), "FlinkDeployment")
    assert {mebibytes(each["spec"]["taskManager"]["resource"]["memory"]) for each in deployments} == {4032}
    assert {mebibytes(each["spec"]["jobManager"]["resource"]["memory"]) for each in deployments} == {1600}
    assert "4,032 MiB" in PAGE
    assert "1,600 MiB" in PAGE
