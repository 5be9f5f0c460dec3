"""Processes by identity: a pid is used again by the kernel, a pid with its start time is not."""

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

# Set for every process of a devstack and inherited by what they start, so that `down` finds orphans as well, such as
# the Python workers of a TaskManager that was killed. Not the variable that users set: theirs is in their shells too.
MEMBER = "CLICKSTREAM_DEVSTACK_MEMBER"
SERVER = "CLICKSTREAM_DEVSTACK_SERVER"


@dataclass(frozen=True)
class ProcessId:
    """One process, told apart from a later one with the same pid.

    Attributes:
        pid: the kernel's number.
        started: clock ticks between boot and its start; unlike a date, no correction of the wall clock moves it.
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """The process that has this pid now; None when there is none or it is a zombie."""
        try:
            # The second field is the name in parentheses, which may itself hold spaces and parentheses.
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in {"Z", "X"} else cls(pid, int(fields[19]))

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return ProcessId.of(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Signal it, unless it is gone."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def family(self) -> "list[ProcessId]":
        """It and everything that descends from it, as far as the chain of parents is unbroken."""
        if not self.alive:
            return []
        try:
            below = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        found = [ProcessId.of(child.pid) for child in below]
        return [self, *(child for child in found if child)]

    def listens(self, port: int) -> bool:
        """Whether it or a descendant accepts connections at this TCP port: nobody else's server may pass for ours."""
        for member in self.family():
            try:
                connections = psutil.Process(member.pid).net_connections(kind="tcp")
            except psutil.NoSuchProcess:
                continue
            if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
                return True
        return False


def members(root: Path, server: str | None = None) -> list[ProcessId]:
    """Every process of the devstack at `root` (of one of its servers), found by the marker in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if environment.get(MEMBER) == str(root) and server in (None, environment.get(SERVER)):
            identity = ProcessId.of(process.pid)
            if identity and process.pid != os.getpid():
                found.append(identity)
    return found


def wait_gone(processes: Iterable[ProcessId], seconds: float) -> list[ProcessId]:
    """Wait until they are gone, at most so long; return those that are not."""
    left = [process for process in processes if process.alive]
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [process for process in left if process.alive]
    return left


def terminate(processes: Iterable[ProcessId], grace: float) -> None:
    """Ask them to end, and kill those that have not after `grace` seconds."""
    asked = list(processes)
    for process in asked:
        process.send(signal.SIGTERM)
    for process in wait_gone(asked, grace):
        process.send(signal.SIGKILL)
    wait_gone(asked, 5)
