"""One Flink job as the demo handles it: `flink run`, and the REST interface."""

import contextlib
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickstream.errors import ClickstreamError, UnavailableError

ROOT = Path(__file__).resolve().parents[2]
SUBMIT_SECONDS = 180
ANSWER_SECONDS = 10
ENDED = frozenset({"FINISHED", "CANCELED", "FAILED"})


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
        """Ask for its end.

        Raises:
            UnavailableError: Flink does not answer.
        """
        request = urllib.request.Request(f"{self.rest_url}/jobs/{self.id}?mode=cancel", method="PATCH")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):
                pass
        except urllib.error.HTTPError as error:
            error.close()  # it has ended
        except OSError as error:
            raise UnavailableError(f"Flink at {self.rest_url} does not answer: {error}") from error

    def gauges(self) -> list[str]:
        """Where its sources say how many records they have not read; none before they have read something."""
        found = []
        for vertex in get(self.rest_url, f"/jobs/{self.id}")["vertices"]:
            if vertex["name"].startswith("Source"):
                path = f"/jobs/{self.id}/vertices/{vertex['id']}/subtasks/metrics"
                names = [each["id"] for each in get(self.rest_url, path) if each["id"].endswith(".pendingRecords")]
                found += [f"{path}?get={name}&agg=sum" for name in names]
        return found

    def pending(self, gauges: Iterable[str]) -> int | None:
        """Records of its topic that it has not read, as of some seconds ago; None where it does not say."""
        sums = [each["sum"] for path in gauges for each in get(self.rest_url, path)]
        return sum(map(int, sums)) if sums else None


@dataclass(frozen=True, slots=True)
class Listed:
    """A job in Flink's overview. `running` says whether every task runs: the job's state is RUNNING long before."""

    job: Job
    name: str
    state: str
    running: bool

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED


def overview(rest_url: str) -> list[Listed]:
    """Every job that the cluster knows, newest first.

    Raises:
        UnavailableError: it does not answer.
    """
    jobs = sorted(get(rest_url, "/jobs/overview")["jobs"], key=lambda job: -int(job["start-time"]))
    return [
        Listed(
            Job(rest_url, job["jid"]),
            job["name"],
            job["state"],
            job["state"] == "RUNNING" and job["tasks"]["running"] == job["tasks"]["total"],
        )
        for job in jobs
    ]


def running(rest_url: str, name: str) -> list[Job]:
    """The jobs of that name that have not ended, newest first."""
    return [each.job for each in overview(rest_url) if each.name == name and not each.ended]


class Submission:
    """`flink run -d -py pyflink_jobs/FILE`, which has begun.

    Args:
        file: in pyflink_jobs/.
        environment: of `clickstream env`, with settings.
        checkpoint: where the job is to go on; None: it begins anew.
    """

    def __init__(self, file: str, environment: Mapping[str, str], checkpoint: str | None = None) -> None:
        self._rest_url = environment["CLICKSTREAM_FLINK_REST_URL"]
        self._command = ["flink", "run", "--detached"]
        self._command += ["--fromSavepoint", checkpoint] if checkpoint else []
        self._command += ["--python", str(ROOT / "pyflink_jobs" / file)]
        self._process = subprocess.Popen(
            self._command,
            env=dict(environment),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is for the demo
        )

    def job(self) -> Job:
        """Wait until it is accepted.

        Raises:
            ClickstreamError: it was not; the text holds the end of what was printed.
        """
        try:
            output, errors = self._process.communicate(timeout=SUBMIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise ClickstreamError(f"{' '.join(self._command)} did not end within {SUBMIT_SECONDS} s") from error
        for line in output.splitlines():
            if "Job has been submitted with JobID" in line:
                return Job(self._rest_url, line.split()[-1])
        lines = (output + errors).strip().splitlines()
        ours = [line.removeprefix("clickstream: ") for line in lines if line.startswith("clickstream: ")]
        raise ClickstreamError(f"{' '.join(self._command)} failed: " + "\n".join(ours[-1:] or lines[-15:]))

    def kill(self) -> None:
        """End it and what it has started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def get(rest_url: str, path: str) -> Any:
    """An answer of the REST interface.

    Raises:
        UnavailableError: it does not answer.
    """
    try:
        with urllib.request.urlopen(rest_url + path, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UnavailableError(f"Flink at {rest_url} does not answer: {error}") from error
