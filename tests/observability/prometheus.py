"""What the devstack's Prometheus has scraped and worked out, asked over its HTTP interface."""

import json
import urllib.parse
import urllib.request
from typing import Any

Series = list[dict[str, Any]]


class PrometheusClient:
    """One server."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def query(self, expression: str) -> Series:
        """The series that an expression gives now: `metric` (labels) and `value` (time, value)."""
        answer = self._ask("query", query=expression)
        result: Series = answer["result"]
        return result

    def labels(self, expression: str, *names: str) -> set[tuple[str, ...]]:
        """The values of these labels over all series of an expression; '' where a series lacks one."""
        return {tuple(each["metric"].get(name, "") for name in names) for each in self.query(expression)}

    def targets(self) -> dict[str, tuple[str, str]]:
        """Health and last error of each target, by the label `server`."""
        active = self._ask("targets")["activeTargets"]
        return {each["labels"]["server"]: (each["health"], each["lastError"]) for each in active}

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its health, and for alerts its state."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def metric_names(self) -> set[str]:
        """The names of all series that it holds."""
        return set(self._ask("label/__name__/values"))

    def _ask(self, path: str, **parameters: str) -> Any:
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{parameters}: {error.read().decode()}") from error
