"""The demo's visitors: a small share of its traffic goes the way of a page's events, over HTTP through the collector.

Every event has a number in its id, so that who reads Kafka can say of each whether it is there: see Census.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from clickstream.errors import ClickstreamError, ConfigurationError
from devstack.demo.collecting import Collecting
from devstack.processes import MEMBER, SERVER

NAME = "demo-visitors"
KEY = "DEMO_WRITE_KEY"  # the environment variable that carries it: command lines are seen by everybody


class Posted(msgspec.Struct, frozen=True):
    """What visitors sent.

    Attributes:
        events: that the collector has accepted, numbered from 0; each was sent until it was.
        repeated: requests that were sent again after an answer that promised nothing.
    """

    events: int = 0
    repeated: int = 0


class Visitors:
    """A process that posts events until it is asked to stop, or for so many seconds. Ends with the demo.

    Args:
        root: the devstack's folder.
        collecting: the collector's address, and a write key.
        prefix: of its event ids; the number stands behind it.
        rate: events a second.
        seconds: until it ends by itself; None: never.
    """

    def __init__(self, root: Path, collecting: Collecting, prefix: str, rate: float, seconds: float | None) -> None:
        self._answers, self._log = root / "demo-visitors.json", root / "demo-visitors.log"
        self._answers.unlink(missing_ok=True)
        command = [sys.executable, "-m", "devstack.demo.posting", f"--url={collecting.url}", f"--prefix={prefix}"]
        command += [f"--rate={rate}", f"--answers={self._answers}", f"--parent={os.getpid()}"]
        if seconds is not None:
            command.append(f"--seconds={seconds}")
        environment: Mapping[str, str] = {**os.environ, KEY: collecting.key, MEMBER: str(root), SERVER: NAME}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def running(self) -> bool:
        """Whether it still sends."""
        return self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Let it begin no more requests. The last one is sent until it is accepted."""
        if self.running():
            self._process.send_signal(signal.SIGINT)

    def posted(self) -> Posted:
        """What it sent, when it has ended.

        Raises:
            ClickstreamError: it failed; the text holds the end of its log.
        """
        try:
            return msgspec.json.decode(self._answers.read_bytes(), type=Posted)
        except (OSError, msgspec.DecodeError) as error:
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])
            raise ClickstreamError(
                f"the demo's visitors failed (exit status {self._process.returncode}): {tail}"
            ) from error

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


def given_key() -> str:
    """The write key that a parent handed over.

    Raises:
        ConfigurationError: none did.
    """
    if key := os.environ.get(KEY):
        return key
    raise ConfigurationError(f"{KEY} is not set: this process is the demo's to start")
