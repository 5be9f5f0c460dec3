"""A Flink session cluster: JobManager with web UI, and one TaskManager, each a process of its own."""

import json
import urllib.request
from typing import Any, ClassVar
from urllib.parse import urlsplit

from clickstream.errors import UnavailableError
from devstack import flink_command, flink_home
from devstack.flink_command import Role
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.server import Server, java


def ask(address: str, path: str) -> Any:
    """GET from Flink's REST interface.

    Raises:
        UnavailableError: it does not answer.
    """
    try:
        with urllib.request.urlopen(address.rstrip("/") + path, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"Flink at {address} does not answer {path}: {error}") from error


def probe(address: str) -> None:
    """Ask a cluster for its slots.

    Raises:
        UnavailableError: it does not answer, or has none.
    """
    if not ask(address, "/overview")["slots-total"]:
        raise UnavailableError(f"Flink at {address} has no task slots: no TaskManager has registered")


class FlinkServer(Server):
    """What both have in common."""

    role: ClassVar[Role]

    @property
    def port(self) -> int:
        """Of REST interface and web UI."""
        return self.plan.ports["flink-rest"]

    @property
    def address(self) -> str:
        """Of REST interface and web UI."""
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Make Flink's home and configuration."""
        flink_home.build(self.layout, self.plan)

    def command(self) -> list[str]:
        """The JVM itself, so that its pid is the one to watch."""
        return flink_command.command(self.layout, self.role, java(), self.plan.ports.get(f"flink-{self.name}-metrics"))

    def environment(self) -> dict[str, str]:
        """Where its configuration, plugins and logs are."""
        return flink_command.environment(self.layout)


class JobManager(FlinkServer):
    """Plans and coordinates jobs. Keeps them in memory: killed, it forgets them, their checkpoints stay."""

    name = "jobmanager"
    role = flink_command.JOBMANAGER

    def probe(self, process: ProcessId) -> None:
        """Ask for the cluster's overview."""
        self.require_listening(process)
        ask(self.address, "/overview")


class TaskManager(FlinkServer):
    """Runs the operators, in Python workers where they are Python."""

    name = "taskmanager"
    role = flink_command.TASKMANAGER

    def probe(self, process: ProcessId) -> None:
        """See that this very process has registered: one that was killed stays listed until it is missed."""
        for registered in ask(self.address, "/taskmanagers")["taskmanagers"]:
            # pekko.tcp://flink@host:port/user/rpc/...
            port = urlsplit(registered["path"]).port
            if port and registered["slotsNumber"] and process.listens(port):
                return
        raise UnavailableError("the TaskManager has not registered with the JobManager yet")
