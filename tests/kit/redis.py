"""A Redis of a test's own: a process, alone or as a cluster of one node."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from devstack.servers.redis import executable
from tests.kit.ports import free_port
from tests.kit.waiting import wait_for

SLOTS = 16_384
BUS = 10_000  # how far above its port a node listens for other nodes


class RedisProcess:
    """Runs while it is entered. Its data outlive `stop`, not the folder.

    Args:
        folder: for its data.
        cluster: whether it is a cluster's only node.
    """

    def __init__(self, folder: Path, *, cluster: bool = False) -> None:
        self.port = free_port(beside=BUS) if cluster else free_port()
        self._folder, self._cluster = folder, cluster
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def process_id(self) -> int | None:
        """Of the process that runs; None: none does."""
        return None if self._process is None else self._process.pid

    def __enter__(self) -> Self:
        try:
            self.start()
            if self._cluster:
                with self.client() as client:
                    client.execute_command("CLUSTER", "ADDSLOTS", *range(SLOTS))
                    wait_for(lambda: "cluster_state:ok" in self._info(client), 30, "the cluster is ready")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def client(self) -> redis.Redis:
        """A client of this very node."""
        return redis.Redis(port=self.port, decode_responses=True)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self._folder),
            "appendonly": "yes",
            "save": "",
            "cluster-enabled": "yes" if self._cluster else "no",
        }
        command = [executable(), *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, 30, f"Redis answers on port {self.port}")

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    @staticmethod
    def _info(client: redis.Redis) -> str:
        answer: str = client.execute_command("CLUSTER", "INFO")  # type: ignore[no-untyped-call] # redis leaves it untyped
        return answer
