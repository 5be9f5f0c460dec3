"""The dashboards' panels, and their queries as Grafana would send them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.observability.rules import DASHBOARDS

BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))
}


@dataclass(frozen=True)
class Query:
    """One query of one panel."""

    board: str
    panel: str
    text: str

    def __str__(self) -> str:
        return f"{self.board}: {self.panel}: {self.text}"


def prometheus_queries() -> list[Query]:
    """Of all panels that ask Prometheus."""
    return [
        Query(board, panel["title"], target["expr"])
        for board, panel, target in _targets()
        if target["datasource"]["type"] == "prometheus"
    ]


def clickhouse_queries() -> list[Query]:
    """Of all panels that ask ClickHouse."""
    return [
        Query(board, panel["title"], target["rawSql"])
        for board, panel, target in _targets()
        if target["datasource"]["type"] == "grafana-clickhouse-datasource"
    ]


def expression(query: Query) -> str:
    """PromQL with its variables filled in: all jobs, a minute for rates."""
    return query.text.replace("$__rate_interval", "1m").replace("$job", ".*")


def sql(query: Query, variables: Mapping[str, list[str]], hours: int = 24) -> str:
    """SQL with its macros and variables filled in, over the last hours."""
    until = datetime.now(UTC) + timedelta(minutes=5)
    since = until - timedelta(hours=hours)
    moments = {"From": f"toDateTime({int(since.timestamp())})", "To": f"toDateTime({int(until.timestamp())})"}
    text = re.sub(
        r"\$__timeFilter\((\w+)\)",
        lambda found: f"({found[1]} >= {moments['From']} AND {found[1]} <= {moments['To']})",
        query.text,
    )
    text = re.sub(r"\$__timeInterval\((\w+)\)", r"toStartOfInterval(toDateTime(\1), INTERVAL 60 second)", text)
    text = re.sub(r"\$__(From|To|from|to)Time", lambda found: moments[found[1].capitalize()], text)
    for name, values in variables.items():
        text = text.replace(f"${{{name}:singlequote}}", ",".join(f"'{value}'" for value in values))
    assert "$" not in text, f"{query}: something is left to be filled in: {text}"
    return text


def _targets() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return [
        (board, panel, target)
        for board, content in BOARDS.items()
        for panel in content["panels"]
        for target in panel["targets"]
    ]
