"""A server of MongoDB's protocol of a test's own: it can be stopped, and started again on what it kept."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from clickstream.errors import UnavailableError
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.ports import HOST
from devstack.servers import mongodb
from tests.kit.ports import free_port
from tests.kit.waiting import wait_for


class Mongo:
    """One server on a free port; its data is in the folder. Runs while it is entered."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._server = mongodb.MongoDB(Layout.at(folder), Plan(ports={"mongo": port}))
        self.url = f"mongodb://{HOST}:{port}/clickstream"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._server.prepare()
        self._process = subprocess.Popen(self._server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, 60, "MongoDB answers")

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def _answers(self) -> bool:
        try:
            mongodb.probe(self.url)
        except UnavailableError:
            return False
        return True
