"""A FlinkDeployment of deploy/k8s as processes of this machine: JobManager and TaskManager out of the image."""

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import yaml

from tests.deploy.image.containers import Machine, Secrets
from tests.deploy.image.object_storage import ObjectStorage
from tests.deploy.image.on_this_machine import Ports, flink_settings
from tests.deploy.image.probes import HOST, answers, probes
from tests.deploy.rendering import Manifest
from tests.kit.flink import Job
from tests.kit.ports import free_port
from tests.kit.waiting import wait_for


class Application:
    """One job. While it is entered it runs, its snapshots in object storage, or in files as with compose.

    Args:
        machine: where the image and the volumes are.
        deployment: a rendered FlinkDeployment.
        manifests: of the same overlay.
        secrets: what its pods are given.
        replaced: settings of the platform that a test has to change, with their prefix.
        storage: where the deployment's own s3:// folders are; without it run-job.sh keeps files, and goes on from them.
        savepoint: where a job with storage goes on, as the operator would tell it.
    """

    def __init__(
        self,
        machine: Machine,
        deployment: Manifest,
        manifests: list[Manifest],
        secrets: Secrets,
        replaced: Mapping[str, str],
        *,
        storage: ObjectStorage | None = None,
        savepoint: str | None = None,
    ) -> None:
        self._machine, self._deployment = machine, deployment
        self._storage, self._savepoint = storage, savepoint
        spec = deployment["spec"]
        self._container = spec["podTemplate"]["spec"]["containers"][0]
        self._rest, self._tasks = free_port(), free_port()
        self.name: str = deployment["metadata"]["name"]
        self._state: Path = machine.folder / "state" / self.name
        self._state.mkdir(parents=True, exist_ok=True)
        self._conf = machine.folder / "conf" / self.name
        self._logs: Path = machine.folder / "logs" / self.name
        self._environment = machine.environment(self._container, manifests, secrets) | {
            **replaced,
            "FLINK_CONF_DIR": str(self._conf),
            "FLINK_LOG_DIR": str(self._logs),
            "FLINK_PID_DIR": str(self._logs),
            # Flink's scripts hand it on. Processes that live for a minute only lose by the optimising compiler.
            "JVM_ARGS": "-XX:TieredStopAtLevel=1",
        }
        self._stack = ExitStack()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        with self._stack:
            self._configure()
            # As the compose file does.
            address = ("-D", f"jobmanager.rpc.address={HOST}")
            self._start("jobmanager", *self._starting(address))
            self._start("taskmanager", "taskmanager.sh", "start-foreground", *address)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def job(self) -> Job:
        """The application's only job, once it is there."""

        def listed() -> str | None:
            self._must_live("jobmanager")
            try:
                with urllib.request.urlopen(f"http://{HOST}:{self._rest}/jobs", timeout=10) as answer:
                    found = json.load(answer)["jobs"]
            except (urllib.error.URLError, ConnectionError):
                return None
            return str(found[0]["id"]) if found else None

        found = wait_for(listed, 120, lambda: f"{self.name} is submitted: {self.said('jobmanager')}", pause=0.3)
        return Job(f"http://{HOST}:{self._rest}", str(found))

    def wait_running(self) -> Job:
        """Wait until every task runs and every probe of the pods answers."""
        job = self.job
        job.wait_running()
        ports: dict[str | int, int] = {8081: self._rest, 6122: self._tasks}
        for role in ("jobManager", "taskManager"):
            own = self._deployment["spec"][role]["podTemplate"]["spec"]["containers"][0]
            for probe in probes(self._container, own):
                wait_for(lambda probe=probe: answers(probe, ports), 30, f"{self.name} {role}: {probe}")  # type: ignore[misc]
        return job

    def stop(self) -> str:
        """Stop with a savepoint, and wait until the JobManager has ended by itself; the savepoint's address."""
        job, process = self.job, self._processes["jobmanager"]
        request = job.ask("/stop", "POST", {"drain": False})["request-id"]

        def completed() -> dict[str, Any] | None:
            # A JobManager that is done with its job waits until somebody has heard of the savepoint.
            answer = job.ask(f"/savepoints/{request}")
            return answer["operation"] if answer["status"]["id"] == "COMPLETED" else None

        done = wait_for(completed, 120, lambda: f"savepoint of {self.name}: {self.said('jobmanager')}")
        assert done is not None
        assert "location" in done, done
        wait_for(lambda: process.poll() is not None, 120, lambda: f"{self.name} ends: {self.said('jobmanager')}")
        assert process.returncode == 0, self.said("jobmanager")
        assert (self.folder(done["location"]) / "_metadata").is_file()
        return str(done["location"])

    def folder(self, address: str) -> Path:
        """Where a checkpoint or savepoint lies on this machine."""
        return self._storage.path(address) if self._storage else Path(urlsplit(address).path)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the JobManager, as `kubectl exec` would."""
        return subprocess.run(
            [self._machine.image.entrypoint, *command],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def said(self, process: str) -> str:
        """The end of a process's output."""
        return (self._logs / f"{process}.out").read_text(encoding="utf-8", errors="replace")[-5000:]

    def _starting(self, address: tuple[str, str]) -> list[str]:
        """What starts the JobManager."""
        job = self._deployment["spec"]["job"]
        program = [job["entryClass"], *(self._machine.path(word, self._container) for word in job["args"])]
        if self._storage is None:
            return ["run-job.sh", str(self._state), *address, *program]
        restored = ["--fromSavepoint", self._savepoint] if self._savepoint else []
        return ["standalone-job.sh", "start-foreground", *address, *restored, "--job-classname", *program]

    def _configure(self) -> None:
        ports = Ports(rest=self._rest, tasks=self._tasks, rpc=free_port())
        found = flink_settings(self._deployment, ports, self._machine.volume("/tmp"), self._storage)
        for folder in (self._conf, self._logs):
            folder.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(found, width=100_000)
        (self._conf / "config.yaml").write_text(text, encoding="utf-8")
        for name, content in self._deployment["spec"]["logConfiguration"].items():
            (self._conf / name).write_text(content, encoding="utf-8")

    def _start(self, name: str, *command: str) -> None:
        output = self._stack.enter_context((self._logs / f"{name}.out").open("wb"))
        process = subprocess.Popen(
            [self._machine.image.entrypoint, *command], env=self._environment, stdout=output, stderr=subprocess.STDOUT
        )
        self._processes[name] = process

        def end() -> None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        self._stack.callback(end)

    def _must_live(self, name: str) -> None:
        ended: Any = self._processes[name].poll()
        assert ended is None, f"{name} of {self.name} ended with {ended}: {self.said(name)}"
