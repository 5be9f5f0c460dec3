"""What the devstack must know of a server to run it."""

import hashlib
import json
import os
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from clickstream.errors import ConfigurationError, UnavailableError
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.processes import ProcessId


@dataclass(frozen=True)
class Server(ABC):
    """One process that the supervisor keeps alive. Holds no state: a second instance stands for the same server.

    Attributes:
        layout: where its files are.
        plan: which ports and password it has.
    """

    layout: Layout
    plan: Plan

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name in every command and file."""

    @property
    @abstractmethod
    def port(self) -> int:
        """The TCP port that it answers on."""

    def prepare(self) -> None:  # noqa: B027 - a server that needs nothing before its start says so by leaving this out
        """Make what it needs before its start: folders, configuration, a formatted store. Runs before every start.

        Raises:
            ClickstreamError: something is missing that the user can supply.
        """

    @abstractmethod
    def command(self) -> list[str]:
        """What to run. It stays in the foreground and prints its log to stdout."""

    def environment(self) -> dict[str, str]:
        """Variables that it needs besides the usual ones."""
        return {}

    @abstractmethod
    def probe(self, process: ProcessId) -> None:
        """Return when it does its work, asked the way that a client would.

        Args:
            process: the process that it should be.

        Raises:
            UnavailableError: not yet, or no more.
        """

    @property
    def data(self) -> Path:
        """Its folder."""
        return self.layout.data(self.name)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the command line or environment, so that a process started from other ones is replaced."""
        started_with = json.dumps([self.command(), self.environment()], sort_keys=True)
        return hashlib.sha256(started_with.encode()).hexdigest()[:16]

    def require_listening(self, process: ProcessId) -> None:
        """Make sure that who answers at its port is this server, not a stranger.

        Raises:
            UnavailableError: nobody listens there, or a process that is not ours.
        """
        if not process.listens(self.port):
            raise UnavailableError(f"{self.name} does not listen on port {self.port} yet")

    def require_jars(self, folder: str) -> Path:
        """The folder of its jars or binaries.

        Raises:
            ConfigurationError: they have not been fetched.
        """
        found = self.layout.jars / folder
        if not found.is_dir():
            raise ConfigurationError(f"{self.name} needs {found}, which is not there: run make setup")
        return found


def java() -> str:
    """The Java executable: of JAVA_HOME, else on PATH.

    Raises:
        ConfigurationError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(str(Path(home) / "bin" / "java")) if home else shutil.which("java")
    if not found:
        where = f"JAVA_HOME ({home})" if home else "PATH"
        raise ConfigurationError(
            f"no java in {where}: install JDK 17 (Debian: apt-get install openjdk-17-jdk-headless), or set JAVA_HOME"
        )
    return found
