"""Manifests that must agree with each other: who selects whom, and how many."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.deploy.lint.templates import templates
from tests.deploy.rendering import Manifest, of_kind, title


def task_managers(deployment: Manifest) -> int:
    """How many pods Flink starts for a job."""
    slots = int(deployment["spec"]["flinkConfiguration"].get("taskmanager.numberOfTaskSlots", 1))
    return -(-int(deployment["spec"]["job"]["parallelism"]) // slots)


def selectors(manifests: list[Manifest]) -> Iterator[str]:
    """What Services, budgets and policies select is there."""
    labels = [pod.labels for pod in templates(manifests)]
    for each in of_kind(manifests, "Service", "PodDisruptionBudget", "NetworkPolicy"):
        spec = each["spec"]
        wanted = spec.get("podSelector", spec.get("selector")) or {}
        wanted = wanted if each["kind"] == "Service" else wanted.get("matchLabels") or {}
        if not any(_selects(wanted, of_pod) for of_pod in labels):
            yield f"{title(each)}: no pod has the labels {wanted}"


def service_ports(manifests: list[Manifest]) -> Iterator[str]:
    """A Service's target is a port of the container, and a policy lets it through."""
    pods = list(templates(manifests))
    policies = of_kind(manifests, "NetworkPolicy")
    for each in of_kind(manifests, "Service"):
        for pod in (pod for pod in pods if _selects(each["spec"]["selector"], pod.labels)):
            ports = {port["name"]: port["containerPort"] for one in pod.containers for port in one.get("ports") or []}
            for port in each["spec"]["ports"]:
                if port["targetPort"] not in ports:
                    yield f"{title(each)}: {pod.owner} has no port {port['targetPort']}"
                elif ports[port["targetPort"]] not in _let_in(policies, pod.labels):
                    yield f"{title(each)}: no NetworkPolicy lets anyone reach port {ports[port['targetPort']]}"


def budgets(manifests: list[Manifest]) -> Iterator[str]:
    """One TaskManager of a job may go at a time. maxUnavailable would be taken of the one JobManager that owns them."""
    of_job = {each["metadata"]["name"]: each for each in of_kind(manifests, "FlinkDeployment") if "job" in each["spec"]}
    for each in of_kind(manifests, "PodDisruptionBudget"):
        chosen = each["spec"]["selector"]["matchLabels"]
        if chosen.get("component") != "taskmanager":
            continue
        if chosen.get("app") not in of_job:
            yield f"{title(each)}: there is no job {chosen.get('app')}"
            continue
        wanted = task_managers(of_job[chosen["app"]]) - 1
        if each["spec"].get("minAvailable") != wanted or "maxUnavailable" in each["spec"]:
            yield f"{title(each)}: minAvailable must be {wanted}, one less than the job has TaskManagers"
        if wanted < 1:
            yield f"{title(each)}: a job of one TaskManager needs no budget"


def scaling(manifests: list[Manifest]) -> Iterator[str]:
    """What is scaled exists, and no Deployment says a number that the scaler would fight."""
    deployments = {each["metadata"]["name"]: each for each in of_kind(manifests, "Deployment")}
    for each in of_kind(manifests, "HorizontalPodAutoscaler"):
        name = each["spec"]["scaleTargetRef"]["name"]
        if name not in deployments:
            yield f"{title(each)}: there is no Deployment {name}"
        elif "replicas" in deployments[name]["spec"]:
            yield f"{title(each)}: Deployment {name} has replicas of its own"


def bindings(manifests: list[Manifest]) -> Iterator[str]:
    """Roles and accounts of bindings exist, in the same namespace, and no rule has a wildcard."""
    present = {(each["kind"], each["metadata"]["name"]) for each in manifests}
    for each in of_kind(manifests, "RoleBinding", "ClusterRoleBinding"):
        for kind, name in [
            (each["roleRef"]["kind"], each["roleRef"]["name"]),
            *((one["kind"], one["name"]) for one in each["subjects"]),
        ]:
            if (kind, name) not in present:
                yield f"{title(each)}: there is no {kind} {name}"
    for each in of_kind(manifests, "Role", "ClusterRole"):
        for rule in each["rules"]:
            if "*" in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]:
                yield f"{title(each)}: a wildcard"


def _selects(wanted: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    return wanted.items() <= labels.items()


def _let_in(policies: list[Manifest], labels: Mapping[str, Any]) -> set[int]:
    applied = [each for each in policies if _selects((each["spec"]["podSelector"].get("matchLabels") or {}), labels)]
    rules = [rule for each in applied for rule in each["spec"].get("ingress") or []]
    return {port["port"] for rule in rules for port in rule.get("ports") or []}


RULES = (selectors, service_ports, budgets, scaling, bindings)
