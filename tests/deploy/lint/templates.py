"""The pods that manifests lead to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.deploy.rendering import Manifest, title

MAIN = "flink-main-container"


@dataclass(frozen=True)
class Template:
    """One kind of pods: whose they are, their labels, their spec, and the account that they run under."""

    owner: str
    labels: dict[str, str]
    spec: dict[str, Any]
    account: str | None
    is_flink: bool = False

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Without init containers."""
        return list(self.spec.get("containers") or [])


def templates(manifests: list[Manifest]) -> Iterator[Template]:
    """Pods of Deployments and Jobs, and those that Flink starts for each FlinkDeployment."""
    for each in manifests:
        if each["kind"] in ("Deployment", "Job"):
            pod = each["spec"]["template"]
            labels = pod.get("metadata", {}).get("labels", {})
            yield Template(title(each), labels, pod["spec"], pod["spec"].get("serviceAccountName"))
        elif each["kind"] == "FlinkDeployment":
            yield from _of_flink(each)


def _of_flink(deployment: Manifest) -> Iterator[Template]:
    spec = deployment["spec"]
    base = {"app": deployment["metadata"]["name"], "type": "flink-native-kubernetes"}
    other = spec.get("flinkConfiguration", {}).get("kubernetes.taskmanager.service-account")
    for role, account in (("jobManager", None), ("taskManager", other)):
        merged = merge(spec.get("podTemplate") or {}, (spec.get(role) or {}).get("podTemplate") or {})
        labels = base | {"component": role.lower()}
        name = f"{title(deployment)} {role}"
        yield Template(name, labels, merged.get("spec") or {}, account or spec.get("serviceAccount"), is_flink=True)


def merge(below: Any, above: Any) -> Any:
    """As the operator merges pod templates: fields by name, lists by position."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: merge(below[key], value) if key in below else value for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list):
        common = [merge(one, other) for one, other in zip(below, above, strict=False)]
        return common + below[len(common) :] + above[len(common) :]
    return above
