"""Every overlay is free of what schemas miss, and each rule notices a manifest that breaks it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.lint import RULES, complaints
from tests.deploy.rendering import OVERLAYS, Manifest, manifests

Break = Callable[[dict[tuple[str, str], Any]], object]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlays_are_clean(overlay: str) -> None:
    assert complaints(manifests(overlay)) == []


def sink(spec: Any) -> Any:
    return spec["FlinkDeployment", "clickhouse-sink"]["spec"]


def settings(spec: Any) -> Any:
    return sink(spec)["flinkConfiguration"]


def main(spec: Any) -> Any:
    return sink(spec)["podTemplate"]["spec"]["containers"][0]


def collector(spec: Any) -> Any:
    return spec["Deployment", "collector"]["spec"]["template"]["spec"]


def change(path: Callable[[Any], Any], **values: Any) -> Break:
    return lambda spec: path(spec).update(values)


def put(path: Callable[[Any], Any], key: str, value: Any) -> Break:
    return lambda spec: path(spec).update({key: value})


def drop(path: Callable[[Any], Any], key: str) -> Break:
    return lambda spec: path(spec).pop(key)


# What is done to overlays/prod, and what some rule must say to it.
BROKEN: list[tuple[str, Break, str]] = [
    ("an integer in flinkConfiguration", put(settings, "taskmanager.numberOfTaskSlots", 2), "quoted string"),
    ("a boolean in flinkConfiguration", put(settings, "s3.path-style-access", True), "quoted string"),
    ("a setting of the operator's own", put(settings, "kubernetes.cluster-id", "x"), "operator's own"),
    ("a negative cpu", change(lambda s: sink(s)["taskManager"]["resource"], cpu=-1), "cpu -1"),
    ("a memory string that is none", change(lambda s: sink(s)["taskManager"]["resource"], memory="4 gigs"), "4 gigs"),
    ("no room for Python", put(settings, "taskmanager.memory.jvm-overhead.max", "400m"), "Python worker"),
    ("more slots than there is room for", put(settings, "taskmanager.numberOfTaskSlots", "4"), "of 4 slots"),
    (
        "standby JobManagers alone",
        lambda s: (sink(s)["jobManager"].update(replicas=2), settings(s).pop("high-availability.type")),
        "standby",
    ),
    ("no folder for savepoints", drop(settings, "execution.checkpointing.savepoint-dir"), "savepoint-dir is not set"),
    ("no high availability", drop(settings, "high-availability.type"), "high-availability.type is not set"),
    ("no folder for high availability", drop(settings, "high-availability.storageDir"), "storageDir is not set"),
    ("checkpoints in the pod", put(settings, "execution.checkpointing.dir", "file:///tmp"), "storage that all pods"),
    ("a stateless upgrade", change(lambda s: sink(s)["job"], upgradeMode="stateless"), "begins anew"),
    ("no --add-opens", drop(settings, "env.java.opts.all"), "--add-opens"),
    (
        "a jar of another version",
        change(lambda s: sink(s)["job"], jarURI="local:///opt/flink/opt/flink-python-2.2.0.jar"),
        "jarURI",
    ),
    ("another entry class", change(lambda s: sink(s)["job"], entryClass="a.B"), "entryClass"),
    ("the job's file before Flink's arguments", lambda s: sink(s)["job"]["args"].reverse(), "args begin"),
    (
        "a job that is not there",
        lambda s: sink(s)["job"]["args"].__setitem__(5, "/opt/clickstream/pyflink_jobs/x.py"),
        "there is no job",
    ),
    ("a parallelism that leaves subtasks idle", change(lambda s: sink(s)["job"], parallelism=5), "must divide"),
    ("a parallelism of 0", change(lambda s: sink(s)["job"], parallelism=0), "must divide"),
    (
        "a name that is too long",
        lambda s: s["FlinkDeployment", "clickhouse-sink"]["metadata"].update(name="a" * 46),
        "45",
    ),
    (
        "a log file that the operator does not take",
        change(sink, logConfiguration={"log4j.properties": ""}),
        "logConfiguration knows",
    ),
    (
        "a second container",
        lambda s: sink(s)["podTemplate"]["spec"]["containers"].append({"name": "flink"}),
        "must be named",
    ),
    ("a pod that may be root", drop(lambda s: collector(s)["securityContext"], "runAsNonRoot"), "runAsNonRoot"),
    ("no seccomp profile", drop(lambda s: collector(s)["securityContext"], "seccompProfile"), "seccompProfile"),
    (
        "privileges that grow",
        drop(lambda s: main(s)["securityContext"], "allowPrivilegeEscalation"),
        "raise its privileges",
    ),
    (
        "a writable image",
        change(lambda s: main(s)["securityContext"], readOnlyRootFilesystem=False),
        "write to its image",
    ),
    ("a privileged container", change(lambda s: main(s)["securityContext"], privileged=True), "is privileged"),
    (
        "variables of Services",
        drop(lambda s: sink(s)["podTemplate"]["spec"], "enableServiceLinks"),
        "enableServiceLinks",
    ),
    ("no readiness", drop(lambda s: collector(s)["containers"][0], "readinessProbe"), "readinessProbe"),
    (
        "no liveness of TaskManagers",
        drop(lambda s: sink(s)["taskManager"]["podTemplate"]["spec"]["containers"][0], "livenessProbe"),
        "livenessProbe",
    ),
    ("no requests", drop(lambda s: collector(s)["containers"][0]["resources"], "requests"), "requests no cpu"),
    ("no limit", drop(lambda s: collector(s)["containers"][0]["resources"], "limits"), "no limit of memory"),
    ("an image without a version", change(sink, image="localhost:5000/clickstream-flink"), "names no version"),
    ("the latest image", change(lambda s: collector(s)["containers"][0], image="a:latest"), "names no version"),
    ("a mount of nothing", lambda s: main(s)["volumeMounts"].append({"name": "x", "mountPath": "/x"}), "mounts x"),
    (
        "a claim that is not there",
        lambda s: s.pop(("PersistentVolumeClaim", "dead-letters")),
        "PersistentVolumeClaim dead-letters",
    ),
    (
        "a Secret",
        lambda s: s.update({("Secret", "x"): {"kind": "Secret", "metadata": {"name": "x"}}}),
        "Secrets are made by",
    ),
    (
        "a password in an address",
        lambda s: s["ConfigMap", "clickstream-settings"]["data"].update(CLICKSTREAM_REDIS_URL="redis://u:p@h"),
        "credential",
    ),
    ("a key in flinkConfiguration", put(settings, "s3.secret-key", "abc"), "credential"),
    ("a ConfigMap that is not there", lambda s: s.pop(("ConfigMap", "clickstream-settings")), "no ConfigMap"),
    (
        "a Secret that nobody knows of",
        lambda s: main(s)["envFrom"].append({"secretRef": {"name": "clickstream-x"}}),
        "not in the table",
    ),
    (
        "a misspelt setting",
        lambda s: s["ConfigMap", "clickstream-settings"]["data"].update(CLICKSTREAM_KAFKA_BOOTSTRAPS="x"),
        "no setting is called",
    ),
    (
        "a misspelt variable",
        lambda s: main(s)["env"].append({"name": "CLICKSTREAM_X", "value": ""}),
        "no setting is called",
    ),
    (
        "an account that is not there",
        lambda s: s.pop(("ServiceAccount", "flink-taskmanager")),
        "ServiceAccount flink-taskmanager",
    ),
    ("a token where none is needed", drop(collector, "automountServiceAccountToken"), "automountServiceAccountToken"),
    (
        "a Service that selects nothing",
        change(lambda s: s["Service", "collector"]["spec"], selector={"app": "x"}),
        "no pod has the labels",
    ),
    ("a Service without its port", lambda s: collector(s)["containers"][0].update(ports=[]), "has no port http"),
    (
        "a Service that no policy lets through",
        lambda s: s["NetworkPolicy", "collector"]["spec"].update(ingress=[]),
        "reach port 8003",
    ),
    (
        "a budget that forbids to drain",
        change(lambda s: s["PodDisruptionBudget", "clickhouse-sink"]["spec"], minAvailable=2),
        "minAvailable must be 1",
    ),
    (
        "a budget that guards nothing",
        change(lambda s: s["PodDisruptionBudget", "clickhouse-sink"]["spec"], maxUnavailable=1),
        "minAvailable must be 1",
    ),
    (
        "a scaler of nothing",
        lambda s: s["HorizontalPodAutoscaler", "collector"]["spec"]["scaleTargetRef"].update(name="x"),
        "no Deployment x",
    ),
    (
        "a number that fights the scaler",
        lambda s: s["Deployment", "collector"]["spec"].update(replicas=3),
        "replicas of its own",
    ),
    ("a role that is not there", lambda s: s.pop(("Role", "flink-jobmanager")), "no Role flink-jobmanager"),
    ("a wildcard", lambda s: s["Role", "flink-jobmanager"]["rules"][0].update(verbs=["*"]), "a wildcard"),
]


@pytest.mark.parametrize(("broken", "said"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN])
def test_what_is_broken_is_noticed(broken: Break, said: str) -> None:
    by_name = {(each["kind"], each["metadata"]["name"]): each for each in manifests("overlays/prod")}
    broken(by_name)
    assert any(said in complaint for complaint in complaints(list(by_name.values())))


def test_a_session_job_with_a_jar_of_the_image_is_noticed() -> None:
    found: list[Manifest] = manifests("session")
    job = next(each for each in found if each["kind"] == "FlinkSessionJob")
    job["spec"]["job"]["jarURI"] = "local:///opt/flink/opt/flink-python-2.3.0.jar"
    assert any("jarURI" in complaint for complaint in complaints(found))
    job["spec"]["deploymentName"] = "elsewhere"
    assert any("no FlinkDeployment elsewhere" in complaint for complaint in complaints(found))


def test_every_rule_is_broken_by_some_case() -> None:
    heard: set[str] = set()
    for _, broken, _ in BROKEN:
        by_name = {(each["kind"], each["metadata"]["name"]): each for each in manifests("overlays/prod")}
        broken(by_name)
        heard |= {rule.__name__ for rule in RULES if any(rule(list(by_name.values())))}
    assert {rule.__name__ for rule in RULES} <= heard
