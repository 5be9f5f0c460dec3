"""The process that keeps a devstack's servers running: `python -m devstack.supervisor FOLDER`.

It reads the plan in FOLDER/run whenever that changes and notes there what it did. It holds nothing else: killed, it
leaves its servers running, and the next one takes them over. SIGTERM stops them all, then itself.
"""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from clickstream.errors import UnavailableError
from devstack.files import locked, tail
from devstack.keeper import POLL_SECONDS, Keeper
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.processes import MEMBER, SERVER, ProcessId, wait_gone
from devstack.record import Record
from devstack.servers.server import Server
from devstack.services import servers

NAME = "supervisor"


class Supervisor:
    """One keeper a server, and the plan that they follow."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._plan_file = layout.run / "plan.json"
        self._read_at = (0, 0)
        self._servers: dict[str, Server] = {}
        self._keepers: dict[str, Keeper] = {}
        self._asked_to_stop = threading.Event()

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._asked_to_stop.set())
        while not self._asked_to_stop.wait(POLL_SECONDS):
            self._read_plan()
        for keeper in self._keepers.values():
            keeper.close()
        for keeper in self._keepers.values():
            keeper.wait()

    def _wanted(self, name: str) -> Server | None:
        return self._servers.get(name)

    def _read_plan(self) -> None:
        try:
            found = self._plan_file.stat()
        except FileNotFoundError:
            # Somebody has deleted the folder: nothing can command these servers any more.
            self._asked_to_stop.set()
            return
        if (changed := (found.st_ino, found.st_mtime_ns)) == self._read_at:
            return
        plan = Plan.load(self._plan_file)
        known = servers(self._layout, plan)
        self._servers = {name: server for name, server in known.items() if name in plan.wanted}
        self._read_at = changed
        # Records too: a server that ran under the supervisor before and is wanted no more must be stopped.
        recorded = {path.stem for path in self._layout.run.glob("*.json")} - {NAME, "plan"}
        for name in ({*known} | recorded) - {*self._keepers}:
            self._keepers[name] = Keeper(name, self._layout, self._wanted)
            self._keepers[name].begin()


def running(layout: Layout) -> ProcessId | None:
    """The devstack's supervisor, when it runs."""
    return Record.load(layout.record(NAME)).process


def launch(layout: Layout) -> None:
    """Start the supervisor unless it runs. Returns when it does.

    Raises:
        UnavailableError: it did not start.
    """
    if found := running(layout):
        if Record.load(layout.record(NAME)).fingerprint == source_fingerprint():
            return
        # It is of an older version of this package. Killed, it leaves the servers to the next one.
        found.send(signal.SIGKILL)
        wait_gone([found], 5)
    environment = {**os.environ, MEMBER: str(layout.root), SERVER: NAME}
    log = layout.log(NAME)
    with log.open("ab") as output:
        # It forks and leaves the fork behind, so that it is nobody's child and no zombie when it ends.
        launched = subprocess.run(
            [sys.executable, "-m", "devstack.supervisor", str(layout.root)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        )
    if launched.returncode or not running(layout):
        raise UnavailableError(f"the devstack's supervisor did not start; the end of {log}:\n{tail(log, 20)}")


def source_fingerprint() -> str:
    """Changes with the code that a supervisor runs."""
    folder = Path(__file__).parent
    sources = sorted([*folder.glob("*.py"), *folder.glob("servers/*")])
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources if path.is_file())).hexdigest()[:16]


def main() -> None:
    """Fork; the parent ends when the child has noted itself, the child supervises."""
    layout = Layout(Path(sys.argv[1]))
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        sys.exit(0 if os.read(reader, 1) else 1)
    os.close(reader)
    with locked(layout.run / "supervisor.lock"):
        if running(layout):
            os.write(writer, b"+")
            return
        me = ProcessId.of(os.getpid())
        assert me is not None
        Record(pid=me.pid, started=me.started, fingerprint=source_fingerprint()).save(layout.record(NAME))
        os.write(writer, b"+")
        os.close(writer)
    Supervisor(layout).run()


if __name__ == "__main__":
    main()
