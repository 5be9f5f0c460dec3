"""A FlinkDeployment as the operator starts it, natively: its JobManager asks the real API server for everything.

No kubelet runs, so who enters it starts the processes of the pods on this machine: the JobManager, a TaskManager for
each pod that the JobManager makes, with the token of the ServiceAccount.
"""

import json
import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.deploy.cluster.api_server import Cluster
from tests.deploy.image import installed
from tests.deploy.image.probes import HOST
from tests.deploy.rendering import Manifest, manifests, of_kind
from tests.kit.flink import Job
from tests.kit.ports import free_port

JOB = Path(__file__).with_name("any_job.py")
OVERLAY = "overlays/dev"
NAME = "clickhouse-sink"
CONTAINER = "flink-main-container"
SCHEDULED = json.dumps({"status": {"conditions": [{"type": "PodScheduled", "status": "True"}]}})


def namespace_with_accounts(cluster: Cluster, namespace: str, without: tuple[str, str] | None = None) -> None:
    """Make a namespace with the overlay's accounts and roles, and the Deployment that the operator would have made.

    Args:
        cluster: runs.
        namespace: to be made.
        without: resource and verb that the JobManager's Role lacks.
    """
    accounts = of_kind(manifests(OVERLAY), "ServiceAccount", "Role", "RoleBinding")
    for each in accounts:
        each["metadata"]["namespace"] = namespace
        for subject in each.get("subjects", []):
            subject["namespace"] = namespace
        if without and (each["kind"], each["metadata"]["name"]) == ("Role", "flink-jobmanager"):
            (rule,) = [rule for rule in each["rules"] if without[0] in rule["resources"]]
            rule["verbs"].remove(without[1])
            each["rules"] = [rule for rule in each["rules"] if rule["verbs"]]
    labels = {"app": NAME}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": CONTAINER, "image": "clickstream-flink:dev"}]},
            },
        },
    }
    cluster.run("create", "namespace", namespace)
    for objects in (accounts, [deployment]):
        cluster.run("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


class FlinkPods:
    """The pods of a FlinkDeployment. While it is entered its JobManager runs.

    Args:
        cluster: with the namespace.
        namespace: of namespace_with_accounts.
        folder: for settings, logs, checkpoints.

    Attributes:
        deployment: the rendered FlinkDeployment.
    """

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self._cluster, self._namespace, self._folder = cluster, namespace, folder
        self._image = installed.jobs()
        self._rest = free_port()
        self._stack = ExitStack()
        self._started: set[str] = set()
        self.deployment: Manifest = next(
            each for each in of_kind(manifests(OVERLAY), "FlinkDeployment") if each["metadata"]["name"] == NAME
        )

    def __enter__(self) -> Self:
        with self._stack:
            self._configure()
            entry = self._image.path(self.deployment["spec"]["flinkConfiguration"]["kubernetes.entry.path"])
            account = self.deployment["spec"]["serviceAccount"]
            self._start("jobmanager", account, [entry, "kubernetes-jobmanager.sh", "kubernetes-application"])
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def objects(self, kind: str) -> dict[str, dict[str, Any]]:
        """Those of a kind in the namespace, by name."""
        found = json.loads(self._cluster.run("get", kind, "-n", self._namespace, "-o", "json"))["items"]
        return {each["metadata"]["name"]: each for each in found}

    def start_pods(self) -> dict[str, dict[str, Any]]:
        """Start the process of each pod that has none yet; the pods by name."""
        found = self.objects("pods")
        for name, pod in found.items():
            if name not in self._started:
                self._started.add(name)
                (container,) = pod["spec"]["containers"]
                command = [self._image.path(word) for word in (*container["command"], *container["args"])]
                # As the scheduler would: Flink takes nobody in whose pod has no place.
                self._cluster.run(
                    *("patch", "pod", name, "-n", self._namespace, "--subresource=status"), f"--patch={SCHEDULED}"
                )
                self._start(name, pod["spec"]["serviceAccountName"], command)
        return found

    def job(self) -> Job | None:
        """The job, once the JobManager knows it."""
        listed = Job(f"http://{HOST}:{self._rest}", "overview")
        try:
            jobs = listed.ask()["jobs"]
        except OSError:
            return None
        return Job(listed.rest, jobs[0]["jid"]) if jobs else None

    def said(self, process: str = "jobmanager") -> str:
        """What a process has printed."""
        return (self._folder / f"{process}.out").read_text(encoding="utf-8", errors="replace")

    def _configure(self) -> None:
        spec = self.deployment["spec"]
        found: dict[str, Any] = dict(spec["flinkConfiguration"])
        # What the operator adds.
        found |= {
            "kubernetes.cluster-id": NAME,
            "kubernetes.namespace": self._namespace,
            "kubernetes.container.image.ref": spec["image"],
            "execution.target": "kubernetes-application",
            "execution.shutdown-on-application-finish": "false",
            "$internal.application.main": spec["job"]["entryClass"],
            "$internal.application.program-args": [
                *(self._image.path(word) for word in spec["job"]["args"][:-1]),
                str(JOB),
            ],
            "parallelism.default": "1",
            "jobmanager.memory.process.size": spec["jobManager"]["resource"]["memory"],
            "taskmanager.memory.process.size": spec["taskManager"]["resource"]["memory"],
        }
        # What differs on this machine: files in the place of the bucket, one address for all pods, no time to wait.
        local = self._folder.as_uri()
        found = {key: value for key, value in found.items() if not key.startswith("s3.")} | {
            "execution.checkpointing.dir": f"{local}/checkpoints",
            "execution.checkpointing.savepoint-dir": f"{local}/savepoints",
            "high-availability.storageDir": f"{local}/high-availability",
            "jobmanager.rpc.port": str(free_port()),
            "execution.checkpointing.interval": "1 s",
            "resourcemanager.taskmanager-timeout": "500",
            "rest.port": str(self._rest),
            "rest.bind-address": HOST,
            "jobmanager.bind-host": HOST,
            "taskmanager.host": HOST,
            "taskmanager.bind-host": HOST,
            "taskmanager.rpc.port": str(free_port()),
            "blob.server.port": str(free_port()),
            "metrics.reporter.prometheus.port": "29249-29449",
            "io.tmp.dirs": str(self._folder),
        }
        (self._folder / "config.yaml").write_text(yaml.safe_dump(found, width=100_000), encoding="utf-8")
        for name, content in spec["logConfiguration"].items():
            (self._folder / name).write_text(content, encoding="utf-8")

    def _start(self, name: str, account: str, command: list[str]) -> None:
        """Start a process as a pod of an account."""
        environment = self._image.bare() | {
            "KUBECONFIG": str(self._cluster.of_account(self._namespace, account)),
            # Of the pod's status: its address, and the node that it is on.
            "_POD_IP_ADDRESS": HOST,
            "_POD_NODE_ID": "node",
            "FLINK_CONF_DIR": str(self._folder),
            "FLINK_LOG_DIR": str(self._folder),
            "JVM_ARGS": "-XX:TieredStopAtLevel=1",
        }
        output = self._stack.enter_context((self._folder / f"{name}.out").open("wb"))
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )

        def end() -> None:
            # With the Python that assembles the job.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

        self._stack.callback(end)
