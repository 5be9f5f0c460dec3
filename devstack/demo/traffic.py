"""The demo's traffic: live records from a process of its own, which ends with the demo however that ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from clickstream.errors import ClickstreamError
from clickstream.generator.answers import Answers
from devstack.processes import MEMBER, SERVER

NAME = "demo-traffic"


class Traffic:
    """Live traffic until `stop`, or for so many seconds.

    It has its own session: Ctrl-C in the terminal is for the demo. It carries the devstack's mark: `clickstream down`
    ends it too.

    Args:
        root: the devstack's folder.
        environment: Kafka's address, and the topic's name where that is another.
        answers: the file that it notes in what it sent.
        rate: records a second.
        seconds: until it ends by itself; None: never.
    """

    def __init__(
        self, root: Path, environment: Mapping[str, str], answers: Path, rate: float, seconds: float | None
    ) -> None:
        self._answers = answers
        self._log = answers.with_suffix(".log")
        answers.unlink(missing_ok=True)
        command = [sys.executable, "-m", "devstack.demo.generator", f"--rate={rate}", f"--answers={answers}"]
        command.append(f"--parent={os.getpid()}")
        if seconds is not None:
            command.append(f"--seconds={seconds}")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env={**environment, MEMBER: str(root), SERVER: NAME},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def running(self) -> bool:
        """Whether it still sends."""
        return self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Let it send no more. What waits in its client goes out first, which takes as long as Kafka is away."""
        if self.running():
            self._process.send_signal(signal.SIGINT)

    def answers(self) -> Answers:
        """What it sent, when it has ended.

        Raises:
            ClickstreamError: it failed; the text holds the end of its log.
        """
        if not self._answers.exists():
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])
            raise ClickstreamError(f"the traffic generator failed (exit status {self._process.returncode}): {tail}")
        return Answers.load(self._answers)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
