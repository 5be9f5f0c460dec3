"""The demo's shop as a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from shop.catalogue import TENANT
from tests.kit.ports import free_port
from tests.kit.servers import own_environment
from tests.kit.waiting import wait_for


class ShopProcess:
    """`clickstream shop`. Runs while it is entered.

    Args:
        collector: where its pages send to.
        key: of the tenant.
        redis: address of the Redis that it reads.
        tenant: whose hot list it shows.
    """

    def __init__(self, collector: str, key: str, redis: str, tenant: str = TENANT) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=30)
        program = str(Path(sys.executable).parent / "clickstream")
        options = {"--port": str(self.port), "--key": key, "--collector": collector, "--tenant": tenant}
        self._command = [program, "shop", *(part for option in options.items() for part in option)]
        self._environment = {**own_environment(), "CLICKSTREAM_REDIS_URL": redis, "CLICKSTREAM_REDIS_TIMEOUT": "1"}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        wait_for(self._answers, 30, "the shop answers")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            printed, _ = self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        assert "Traceback" not in printed, printed

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._process.communicate()[0]
        try:
            return self.client.get("/healthz").is_success
        except httpx.TransportError:
            return False
