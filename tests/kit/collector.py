"""The collector as a process of its own, as an operator runs it, and somebody who sends to it."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil
import yaml

from clickstream.write_keys import hash_of
from tests.kit.ports import free_port
from tests.kit.servers import own_environment
from tests.kit.waiting import wait_for

KEY, OTHER_KEY, SERVER_KEY = "cs_key-of-the-shop", "cs_key-of-another", "cs_key-of-a-server"
TENANT, OTHER_TENANT = "shop", "another"


def collection(**parts: Any) -> dict[str, Any]:
    """A configuration with two tenants; `parts` are put over its own. The first has a key for browsers and a server."""
    return {
        "tenants": {
            TENANT: {
                "keys": [{"sha256": hash_of(KEY)}, {"sha256": hash_of(SERVER_KEY), "server": True}],
                "scenario": "web",
                "rate": {"events_per_second": 1_000_000},
            },
            OTHER_TENANT: {"keys": [{"sha256": hash_of(OTHER_KEY)}], "origins": ["https://another.example"]},
        },
        **parts,
    }


class CollectorProcess:
    """`clickstream collector`. Call stop.

    Args:
        folder: for its configuration and log.
        configuration: the YAML file's content.
        settings: environment variables without CLICKSTREAM_.
    """

    def __init__(self, folder: Path, configuration: Mapping[str, Any], settings: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self.log = folder / "collector.yaml", folder / "collector.log"
        self._file.write_text(yaml.safe_dump(dict(configuration)))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **own_environment(),
            "CLICKSTREAM_COLLECTOR_CONFIG": str(self._file),
            "CLICKSTREAM_COLLECTOR_PORT": str(self.port),
            **{f"CLICKSTREAM_{name}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=self.url, timeout=60, headers={"User-Agent": "tests"})

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.client.close()

    @property
    def process(self) -> psutil.Process:
        """The running process."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def start(self, seconds: float = 30) -> Self:
        """Start it and wait until it answers."""
        command = [str(Path(sys.executable).parent / "clickstream"), "collector"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        wait_for(self._answers, seconds, lambda: f"the collector answers: {self.log.read_text()[-2000:]}")
        return self

    def stop(self, seconds: float = 40) -> int:
        """SIGTERM; its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self._process = None

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def post(self, events: object, key: str = KEY, **options: Any) -> httpx.Response:
        """POST /api/v1/behaviors."""
        headers = {"X-Write-Key": key, **options.pop("headers", {})}
        return self.client.post("/api/v1/behaviors", json=events, headers=headers, **options)

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric; 0 where there is none yet."""
        text = self.client.get("/metrics").text
        for line in text.splitlines():
            head, _, value = line.rpartition(" ")
            found, _, given = head.partition("{")
            if found == name and all(f'{label}="{wanted}"' in given for label, wanted in labels.items()):
                return float(value)
        return 0.0

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the collector ended with {self._process.returncode}: {self.log.read_text()[-3000:]}")
        try:
            return self.client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False
