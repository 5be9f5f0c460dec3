"""The rule file and its promtool tests, as data."""

import re
from pathlib import Path
from typing import Any

import yaml

from devstack.servers.prometheus import RULES

CASES = RULES.with_name("rules.test.yaml")
DASHBOARDS = RULES.parent / "dashboards"
_METRIC = re.compile(r"\b(?:flink_\w+|collector_\w+|analytics_\w+|clickstream:\w+:\w+)")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")


def _rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


FIGURES = {rule["record"]: str(rule["expr"]) for rule in _rules() if "record" in rule}
ALERTS = {rule["alert"]: rule for rule in _rules() if "alert" in rule}


def metrics(expression: str) -> set[str]:
    """The names of our metrics and figures in an expression or a text."""
    return set(_METRIC.findall(expression))


def labels(expression: str) -> set[str]:
    """What an expression groups by."""
    return {label.strip() for found in _GROUPED.findall(expression) for label in found.split(",") if label.strip()}


def runbook(alert: str, repository: Path) -> Path:
    """The file that an alert links to."""
    return repository / str(ALERTS[alert]["annotations"]["runbook_url"])
