"""A service as an operator runs it, with everything that it prints in a file."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.kit.servers import own_environment
from tests.kit.waiting import wait_for


class ServiceProcess:
    """`clickstream COMMAND`. Runs while it is entered.

    Args:
        log: file of what it prints.
        url: where it answers to GET /healthz.
        command: with its options.
        settings: environment variables without CLICKSTREAM_.
    """

    def __init__(self, log: Path, url: str, command: tuple[str, ...], settings: Mapping[str, str]) -> None:
        self.log, self.url = log, url
        self._command = [str(Path(sys.executable).parent / "clickstream"), *command]
        self._environment = own_environment() | {f"CLICKSTREAM_{name}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
        wait_for(self._answers, 60, lambda: f"{self._command} answers: {self.log.read_text()[-3000:]}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).is_success
        except httpx.TransportError:
            return False
