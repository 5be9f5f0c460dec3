"""The demo's traffic: `clickstream generate --live` in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from clickstream.errors import ClickstreamError
from clickstream.generator.answers import Answers

STOP_SECONDS = 60


class Traffic:
    """Live traffic until `stop`, or for so many seconds. It has its own session: Ctrl-C in the terminal is for us."""

    def __init__(self, environment: dict[str, str], answers: Path, rate: float, seconds: float | None) -> None:
        self._answers = answers
        self._log = answers.with_suffix(".log")
        answers.unlink(missing_ok=True)
        command = [sys.executable, "-m", "clickstream", "generate", "--live", f"--rate={rate}", f"--answers={answers}"]
        if seconds is not None:
            command.append(f"--seconds={seconds}")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
            )

    def running(self) -> bool:
        """Whether it still sends."""
        return self._process.poll() is None

    def stop(self) -> Answers:
        """End it, if it has not ended, and read what it sent.

        Raises:
            ClickstreamError: it failed; the text holds the end of its log.
        """
        if self.running():
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        if not self._answers.exists():
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])
            raise ClickstreamError(f"the traffic generator failed (exit status {self._process.returncode}): {tail}")
        return Answers.load(self._answers)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
