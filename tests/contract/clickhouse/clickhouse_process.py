"""A server of one's own: a process on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 15


class ServerProcess:
    """One server; stop and start it again on the same folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "devstack.clickhouse", "--path", str(self._folder), "--port", str(self.port)]
        self.process = subprocess.Popen([*command, *self._options])
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:
                    assert answer.read() == b"Ok.\n"
                    return
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None, "the server ended by itself"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Signal it and wait; the exit code and the seconds that it took."""
        assert self.process is not None
        begun = time.monotonic()
        os.kill(self.process.pid, number)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        return code, time.monotonic() - begun
