"""Pods: what they may do, what they need, how Kubernetes sees that they are well."""

from collections.abc import Iterator

from tests.deploy.lint.templates import MAIN, Template, templates
from tests.deploy.rendering import Manifest, of_kind


def main_container(manifests: list[Manifest]) -> Iterator[str]:
    """Flink looks for its container by name, and would start a second one beside any other."""
    for pod in templates(manifests):
        if pod.is_flink and [each.get("name") for each in pod.containers] != [MAIN]:
            yield f"{pod.owner}: the container of a podTemplate must be named {MAIN}"


def restricted(manifests: list[Manifest]) -> Iterator[str]:
    """What the pod security standard `restricted` asks for, and a read-only file system."""
    for pod in templates(manifests):
        of_pod = pod.spec.get("securityContext") or {}
        if not of_pod.get("runAsNonRoot") or not of_pod.get("runAsUser"):
            yield f"{pod.owner}: runAsNonRoot and a runAsUser that is not 0"
        if of_pod.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{pod.owner}: seccompProfile RuntimeDefault"
        for container in [*pod.containers, *(pod.spec.get("initContainers") or [])]:
            own = container.get("securityContext") or {}
            if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{pod.owner}: {container['name']} may raise its privileges"
            if not own.get("readOnlyRootFilesystem"):
                yield f"{pod.owner}: {container['name']} may write to its image"
            if own.get("privileged"):
                yield f"{pod.owner}: {container['name']} is privileged"


def service_links(manifests: list[Manifest]) -> Iterator[str]:
    """Kubernetes makes variables of Services: settings would refuse the CLICKSTREAM_*_SERVICE_HOST of one called so."""
    for pod in templates(manifests):
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.owner}: enableServiceLinks must be false"


def probes(manifests: list[Manifest]) -> Iterator[str]:
    """A process that hangs is ended; a service that is not ready gets no request."""
    for pod in templates(manifests):
        if pod.owner.startswith("Job/"):
            continue
        wanted = {"livenessProbe", "startupProbe"} | (set() if pod.is_flink else {"readinessProbe"})
        if pod.owner.endswith("jobManager"):
            wanted = {"livenessProbe", "readinessProbe"}  # the operator adds its startup probe
        for container in pod.containers:
            if missing := sorted(wanted - container.keys()):
                yield f"{pod.owner}: {container['name']} has no {', '.join(missing)}"


def requests(manifests: list[Manifest]) -> Iterator[str]:
    """Requests place a pod, a limit of memory protects its neighbours. Those of Flink's pods stand in its own spec."""
    for pod in templates(manifests):
        for container in () if pod.is_flink else pod.containers:
            resources = container.get("resources") or {}
            if not {"cpu", "memory"} <= (resources.get("requests") or {}).keys():
                yield f"{pod.owner}: {container['name']} requests no cpu and memory"
            if "memory" not in (resources.get("limits") or {}):
                yield f"{pod.owner}: {container['name']} has no limit of memory"


def images(manifests: list[Manifest]) -> Iterator[str]:
    """A version is named, in what is applied as it stands."""
    named = [
        (pod.owner, each.get("image", ""))
        for pod in templates(manifests)
        if not pod.is_flink
        for each in pod.containers
    ]
    named += [
        (each["metadata"]["name"], each["spec"].get("image", "")) for each in of_kind(manifests, "FlinkDeployment")
    ]
    for owner, image in named:
        if ":" not in image.rpartition("/")[2] or image.endswith(":latest"):
            yield f"{owner}: image {image!r} names no version"


def volumes(manifests: list[Manifest]) -> Iterator[str]:
    """What is mounted is declared, and claims exist."""
    claims = {each["metadata"]["name"] for each in of_kind(manifests, "PersistentVolumeClaim")}
    for pod in templates(manifests):
        declared = {each["name"]: each for each in pod.spec.get("volumes") or []}
        yield from _mounts(pod, set(declared))
        for volume in declared.values():
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim and claim not in claims:
                yield f"{pod.owner}: there is no PersistentVolumeClaim {claim}"


def _mounts(pod: Template, declared: set[str]) -> Iterator[str]:
    for container in pod.containers:
        for mount in container.get("volumeMounts") or []:
            if mount["name"] not in declared:
                yield f"{pod.owner}: {container['name']} mounts {mount['name']}, which is not declared"


RULES = (main_container, restricted, service_links, probes, requests, images, volumes)
