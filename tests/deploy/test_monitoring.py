"""The optional component for the Prometheus operator, put into each overlay: it finds all that tell metrics."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.lint import complaints
from tests.deploy.lint.templates import Template, templates
from tests.deploy.rendering import KUBERNETES, OVERLAYS, Manifest, manifests, of_kind

COMPONENT = KUBERNETES / "components" / "monitoring"
# The path of each kind of process; where a monitor says none it is this one.
DEFAULT_PATH = "/metrics"
MONITORING = "monitoring"


def with_monitoring(overlay: str, folder: Path) -> list[Manifest]:
    """An overlay as its kustomization would be with the component."""
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": manifests_namespace(overlay),
        "resources": [os.path.relpath(KUBERNETES / overlay, folder)],
        "components": [os.path.relpath(COMPONENT, folder)],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    return manifests(str(folder))


def manifests_namespace(overlay: str) -> str:
    return str(of_kind(manifests(overlay), "Namespace")[0]["metadata"]["name"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_that_tells_metrics_is_scraped_once(overlay: str, tmp_path: Path) -> None:
    found = with_monitoring(overlay, tmp_path)
    assert complaints(found) == []
    assert {each["metadata"]["namespace"] for each in of_kind(found, "PodMonitor", "PrometheusRule")} == {
        manifests_namespace(overlay)
    }
    told = [pod for pod in templates(found) if not pod.owner.startswith("Job/")]
    assert len(told) > 3
    assert {pod.owner: scrapes(found, pod) for pod in told} == {
        pod.owner: [(9249 if pod.is_flink else port_of(pod, "http"), DEFAULT_PATH)] for pod in told
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_prometheus_may_reach_what_it_scrapes(overlay: str, tmp_path: Path) -> None:
    found = with_monitoring(overlay, tmp_path)
    for pod in templates(found):
        for port, _ in scrapes(found, pod):
            assert port in reachable(found, pod, MONITORING), pod.owner
    (flink,) = [each for each in of_kind(found, "NetworkPolicy") if each["metadata"]["name"] == "flink"]
    flink["spec"]["ingress"].pop()
    pod = next(pod for pod in templates(found) if pod.is_flink)
    assert 9249 not in reachable(found, pod, MONITORING)


def scrapes(found: list[Manifest], pod: Template) -> list[tuple[int, str]]:
    """Ports and paths that monitors ask of a pod: a port is named, and one that no container names is asked of none."""
    asked = []
    for monitor in of_kind(found, "PodMonitor"):
        if selected(monitor["spec"]["selector"], pod.labels):
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                asked.append((port_of(pod, endpoint["port"]), endpoint.get("path", DEFAULT_PATH)))
    return asked


def port_of(pod: Template, name: str) -> int:
    """The number of a named port."""
    ports = {port["name"]: int(port["containerPort"]) for one in pod.containers for port in one.get("ports") or []}
    assert name in ports, f"{pod.owner} has no port {name}"
    return ports[name]


def selected(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector takes these labels."""
    assert selector.keys() <= {"matchLabels", "matchExpressions"}, selector
    expressions = selector.get("matchExpressions") or []
    assert all(each["operator"] == "In" for each in expressions)
    return (selector.get("matchLabels") or {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def reachable(found: list[Manifest], pod: Template, namespace: str) -> set[int]:
    """The ports of a pod that policies let another namespace reach."""
    ports: set[int] = set()
    for policy in of_kind(found, "NetworkPolicy"):
        if selected(policy["spec"]["podSelector"], pod.labels):
            for rule in policy["spec"].get("ingress") or []:
                sources = rule.get("from")
                named = [
                    (each.get("namespaceSelector") or {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
                    for each in sources or []
                ]
                if sources is None or namespace in named:
                    ports |= {port["port"] for port in rule.get("ports") or []}
    return ports
