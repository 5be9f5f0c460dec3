"""Each panel's query, asked of the real Prometheus or ClickHouse while the platform works, gives data."""

import pytest

from tests.kit.waiting import wait_for
from tests.observability import panels
from tests.observability.panels import BOARDS, Query
from tests.observability.platform import Platform

DASHBOARDS = {"pipeline", "jobs", "sink", "business", "collector"}


def test_the_dashboards_are_complete_and_none_names_a_server() -> None:
    assert BOARDS.keys() >= DASHBOARDS
    assert len({content["uid"] for content in BOARDS.values()}) == len(BOARDS)
    for board, content in BOARDS.items():
        known = {f"${{{variable['name']}}}" for variable in content["templating"]["list"]}
        identifiers = [panel["id"] for panel in content["panels"]]
        assert len(set(identifiers)) == len(identifiers), board
        for panel in content["panels"]:
            assert panel["title"], board
            assert panel["description"], f"{board}: {panel['title']}"
            assert panel["targets"], f"{board}: {panel['title']}"
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, f"{board}: {panel['title']}"
            # The data source is chosen in Grafana, so that a dashboard fits every installation.
            assert {target["datasource"]["uid"] for target in panel["targets"]} <= known, f"{board}: {panel['title']}"


@pytest.mark.stack
@pytest.mark.parametrize("query", panels.prometheus_queries(), ids=str)
def test_prometheus_answers_the_panel(platform: Platform, query: Query) -> None:
    wait_for(lambda: platform.prometheus.query(panels.expression(query)), 60, f"{query} gives no data", pause=0.5)


@pytest.mark.stack
@pytest.mark.parametrize("query", panels.clickhouse_queries(), ids=str)
def test_clickhouse_answers_the_panel(platform: Platform, query: Query) -> None:
    tenants = sorted({str(row[0]) for row in platform.pipeline.nodes.rows(TENANTS)})
    assert tenants
    text = panels.sql(query, {"tenant": tenants})
    wait_for(lambda: platform.pipeline.nodes.rows(text), 60, f"{query} gives no data", pause=0.5)


TENANTS = str(
    next(variable["query"] for variable in BOARDS["business"]["templating"]["list"] if variable["name"] == "tenant")
)
