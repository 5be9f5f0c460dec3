"""Jobs on the Flink cluster: submitted by `flink run`, watched through the REST interface."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.kit.servers import REPOSITORY
from tests.kit.waiting import wait_for

# Options of a job that takes no checkpoint by itself: the first one comes when the pause is over, not the interval.
NO_CHECKPOINT = {"execution.checkpointing.interval": "1 h", "execution.checkpointing.min-pause": "1 h"}
FINAL = {"FINISHED", "CANCELED", "FAILED"}
_SUBMITTED = re.compile(r"Job has been submitted with JobID ([0-9a-f]{32})")


@dataclass(frozen=True)
class Job:
    """One submitted job."""

    rest: str
    id: str

    def ask(self, path: str = "", method: str = "GET", body: Mapping[str, Any] | None = None) -> Any:
        """Ask for something below /jobs/ID; the answer's JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.rest}/jobs/{self.id}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def state(self) -> str:
        """RUNNING, RESTARTING, FAILED, ..."""
        return str(self.ask()["state"])

    def tasks_running(self) -> bool:
        """Whether every task runs: the job's own state is RUNNING long before."""
        answer = self.ask()
        return answer["state"] == "RUNNING" and all(each["status"] == "RUNNING" for each in answer["vertices"])

    def wait_running(self, seconds: float = 180) -> None:
        """Wait until every task runs."""

        def running() -> bool:
            assert self.state() not in FINAL, self.exceptions()
            return self.tasks_running()

        wait_for(running, seconds, lambda: f"job {self.id} runs: it is {self.state()}; {self.exceptions()[-3000:]}")

    def wait_state(self, state: str, seconds: float = 180) -> None:
        """Wait until the job is in a state."""
        wait_for(
            lambda: self.state() == state, seconds, lambda: f"job {self.id} is {self.state()}, {state} was expected"
        )

    def exceptions(self) -> str:
        """Stack traces of the root causes so far, newest first."""
        history = self.ask("/exceptions?maxExceptions=20")["exceptionHistory"]["entries"]
        return "\n".join(str(entry["stacktrace"]) for entry in history)

    def checkpoints(self) -> int:
        """How many checkpoints were completed, savepoints included."""
        return int(self.ask("/checkpoints")["counts"]["completed"])

    def metric_names(self) -> set[str]:
        """What the web UI offers for the job's operators: `OPERATOR.METRIC`, behind the subtask's number."""
        vertices = [vertex["id"] for vertex in self.ask()["vertices"]]
        return {str(each["id"]) for vertex in vertices for each in self.ask(f"/vertices/{vertex}/metrics")}

    def metrics(self, name: str) -> int:
        """A user metric, added up over all subtasks, as the REST interface has it.

        It is ten seconds old, zero again after a restart, and after the death of a TaskManager it stands still for
        `web.timeout`: where a test kills one, `Pipeline.wait_metric` asks the TaskManager itself.
        """
        return sum(int(float(value)) for value in self.shown(name))

    def shown(self, name: str) -> list[str]:
        """A user metric of each subtask, as the REST interface writes it; of a distribution sum, count, min and max."""
        values = []
        for vertex in self.ask()["vertices"]:
            path = f"/vertices/{vertex['id']}/metrics"
            for found in [each["id"] for each in self.ask(path) if each["id"].endswith(f".{name}")]:
                values += [str(each["value"]) for each in self.ask(f"{path}?get={quote(found)}")]
        return values

    def checkpoint(self, seconds: float = 120) -> None:
        """Take a checkpoint now, whatever the job's interval."""
        before = self.checkpoints()
        self.ask("/checkpoints", "POST", {"checkpointType": "FULL"})
        wait_for(lambda: self.checkpoints() > before, seconds, f"a checkpoint of job {self.id}")

    def savepoint(self, directory: Path, seconds: float = 120) -> str:
        """Take a savepoint and let the job go on; the savepoint's path."""
        return self._savepoint("/savepoints", {"target-directory": directory.as_uri(), "cancel-job": False}, seconds)

    def savepoint_and_stop(self, directory: Path, seconds: float = 120) -> str:
        """Stop the job with a savepoint; the savepoint's path."""
        path = self._savepoint("/stop", {"targetDirectory": directory.as_uri(), "drain": False}, seconds)
        self.wait_state("FINISHED", 60)
        return path

    def cancel(self) -> None:
        """Cancel the job and wait until it is gone. Safe to repeat."""
        if self.state() not in FINAL:
            try:
                self.ask("?mode=cancel", "PATCH")
            except urllib.error.HTTPError as error:
                error.close()  # it ended in the meantime
        wait_for(lambda: self.state() in FINAL, 180, f"job {self.id} ends")

    def _savepoint(self, path: str, body: Mapping[str, Any], seconds: float) -> str:
        request = self.ask(path, "POST", body)["request-id"]

        def done() -> dict[str, Any] | None:
            answer = self.ask(f"/savepoints/{request}")
            return answer["operation"] if answer["status"]["id"] == "COMPLETED" else None

        operation = wait_for(done, seconds, f"savepoint of job {self.id}")
        assert operation is not None
        assert "location" in operation, operation.get("failure-cause")
        return str(operation["location"])


def submit(
    rest: str,
    job: Path,
    environment: Mapping[str, str],
    *,
    parallelism: int,
    savepoint: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Job:
    """Submit a job as its operator would: `flink run -d -p N -D key=value -py job.py`.

    Args:
        rest: Flink's REST interface.
        job: the job's file.
        environment: for the client: addresses, settings, PATH with `flink` on it.
        parallelism: of the job.
        savepoint: where its offsets come from.
        options: Flink settings over those of the cluster.
    """
    command = ["flink", "run", "-d", "-p", str(parallelism)]
    for key, value in (options or {}).items():
        command += ["-D", f"{key}={value}"]
    command += ["-s", savepoint] if savepoint else []
    done = subprocess.run(
        [*command, "-py", str(job)],
        env=dict(environment),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    found = _SUBMITTED.search(done.stdout)
    assert found, f"flink run ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    return Job(rest, found[1])
