"""One Flink job as the demo handles it: `flink run`, and the REST interface."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickstream.errors import ClickstreamError, UnavailableError

ROOT = Path(__file__).resolve().parents[2]
SUBMIT_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Job:
    """A submitted job."""

    rest_url: str
    id: str

    @property
    def page(self) -> str:
        """Its page in the web UI."""
        return f"{self.rest_url}/#/job/running/{self.id}/overview"

    def state(self) -> str:
        """RUNNING, RESTARTING, FAILED, ..."""
        return str(get(self.rest_url, f"/jobs/{self.id}")["state"])

    def failure(self) -> str:
        """The line of the last failure that says most, or nothing."""
        entries = get(self.rest_url, f"/jobs/{self.id}/exceptions").get("exceptionHistory", {}).get("entries", [])
        lines = [line for entry in entries[:1] for line in str(entry["stacktrace"]).splitlines()]
        return next((line.strip() for line in lines if "clickstream.errors." in line), lines[0] if lines else "")

    def cancel(self) -> None:
        """Ask for its end."""
        request = urllib.request.Request(f"{self.rest_url}/jobs/{self.id}?mode=cancel", method="PATCH")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def metric(self, name: str) -> int:
        """Sum of a user metric over all operators and subtasks. It starts again from 0 when the job restarts."""
        total = 0
        for vertex in get(self.rest_url, f"/jobs/{self.id}")["vertices"]:
            path = f"/jobs/{self.id}/vertices/{vertex['id']}/subtasks/metrics"
            names = [each["id"] for each in get(self.rest_url, path) if each["id"].split(".")[-1] == name]
            for found in names:
                total += sum(int(each["sum"]) for each in get(self.rest_url, f"{path}?get={found}&agg=sum"))
        return total


def running(rest_url: str, name: str) -> Job | None:
    """The job of that name that is running, if there is one."""
    for job in get(rest_url, "/jobs/overview")["jobs"]:
        if job["name"] == name and job["state"] in {"RUNNING", "RESTARTING", "CREATED"}:
            return Job(rest_url, job["jid"])
    return None


def submit(file: str, environment: dict[str, str]) -> Job:
    """Run `flink run -d -py pyflink_jobs/FILE` in the environment of `clickstream env`.

    Raises:
        ClickstreamError: it was not accepted; the text holds the end of what it printed.
    """
    command = ["flink", "run", "--detached", "--python", str(ROOT / "pyflink_jobs" / file)]
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SUBMIT_SECONDS,
        check=False,
    )
    for line in done.stdout.splitlines():
        if "Job has been submitted with JobID" in line:
            return Job(environment["CLICKSTREAM_FLINK_REST_URL"], line.split()[-1])
    lines = (done.stdout + done.stderr).strip().splitlines()
    ours = [line.removeprefix("clickstream: ") for line in lines if line.startswith("clickstream: ")]
    raise ClickstreamError(f"{' '.join(command)} failed: " + "\n".join(ours[-1:] or lines[-15:]))


def get(rest_url: str, path: str) -> Any:
    """An answer of the REST interface.

    Raises:
        UnavailableError: it does not answer.
    """
    try:
        with urllib.request.urlopen(rest_url + path, timeout=10) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UnavailableError(f"Flink at {rest_url} does not answer: {error}") from error
