"""A job under measurement: submitted as its operator would, and what the REST interface of Flink says of it."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickstream.errors import ClickstreamError

ROOT = Path(__file__).resolve().parents[1]
FINAL = frozenset({"CANCELED", "FAILED", "FINISHED"})
SUBMIT_SECONDS = 180


@dataclass(frozen=True, slots=True)
class FlinkJob:
    """A submitted job."""

    rest_url: str
    id: str

    def state(self) -> str:
        """RUNNING, RESTARTING, FAILED, ..."""
        return str(self._ask("")["state"])

    def failure(self) -> str:
        """Root causes so far, newest first; empty when nothing failed."""
        entries = self._ask("/exceptions?maxExceptions=5").get("exceptionHistory", {}).get("entries", [])
        return "\n".join(str(entry["stacktrace"]) for entry in entries)[-6000:]

    def end(self) -> None:
        """Cancel it where it still runs, and wait until it has ended."""
        if self.state() not in FINAL:
            try:
                self._ask("?mode=cancel", "PATCH")
            except urllib.error.HTTPError as error:
                error.close()  # it ended in the meantime
        while self.state() not in FINAL:
            time.sleep(0.1)

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.rest_url.rstrip('/')}/jobs/{self.id}{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def submitted(
    file: str, settings: Mapping[str, str], parallelism: int | None = None, options: Sequence[str] = ()
) -> Iterator[FlinkJob]:
    """Submit a job; it is cancelled at the end.

    Args:
        file: below the repository.
        settings: variables over those of this process.
        parallelism: None for the configuration's.
        options: Flink settings over those of the cluster, each key=value.

    Raises:
        ClickstreamError: it was not accepted; the text holds the end of what `flink run` printed.
    """
    command = ["flink", "run", "--detached", *(f"-D{option}" for option in options)]
    command += [] if parallelism is None else ["--parallelism", str(parallelism)]
    command += ["--python", str(ROOT / file)]
    done = subprocess.run(
        command,
        env={**os.environ, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SUBMIT_SECONDS,
        check=False,
    )
    ids = [line.split()[-1] for line in done.stdout.splitlines() if "submitted with JobID" in line]
    if not ids:
        # Java's traces, several times over: the lines between them say what is wrong.
        said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("\tat ")]
        raise ClickstreamError(f"{file} was not accepted: " + "\n".join(dict.fromkeys(said))[:6000])
    job = FlinkJob(os.environ["CLICKSTREAM_FLINK_REST_URL"], ids[0])
    try:
        yield job
    finally:
        job.end()
