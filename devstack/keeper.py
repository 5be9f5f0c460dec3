"""Keeps one server as the plan wants it: started, started again when it dies, replaced, stopped."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from clickstream.errors import ClickstreamError
from devstack.layout import Layout
from devstack.processes import MEMBER, SERVER, ProcessId, members, terminate
from devstack.record import Record
from devstack.servers.server import Server

POLL_SECONDS = 0.25
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 8.0
# A server that ends sooner than this after its start has crashed, and is started more slowly each time.
SETTLED_SECONDS = 10.0
# Kafka flushes its log, MariaDB its pages: what is killed before it is done takes longer to start.
GRACE_SECONDS = 15.0
LOG_BYTES = 20 * 2**20


class Keeper:
    """A thread that looks after one server.

    Args:
        name: the server's name.
        layout: the devstack's folders.
        wanted: what the plan says of it now; None when it should not run.
    """

    def __init__(self, name: str, layout: Layout, wanted: Callable[[str], Server | None]) -> None:
        self._name = name
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._layout = layout
        self._wanted = wanted
        self._closing = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._record = Record.load(layout.record(name))
        self._since = 0.0
        self._pause = FIRST_PAUSE

    def begin(self) -> None:
        """Start looking after it."""
        self._thread.start()

    def close(self) -> None:
        """Stop the server, then the thread. Returns at once."""
        self._closing.set()

    def wait(self) -> None:
        """Wait until both are stopped."""
        self._thread.join()

    def _run(self) -> None:
        self._end_strays()
        while not self._closing.wait(POLL_SECONDS):
            self._reconcile(self._wanted(self._name))
        self._reconcile(None)

    def _reconcile(self, server: Server | None) -> None:
        if self._child is not None:
            self._child.poll()  # reaps it when it has ended
        running = self._record.process
        if server is None:
            if running:
                self._stop(running)
            self._note(Record())
            self._pause, self._since = FIRST_PAUSE, 0.0
            return
        try:
            if running and self._record.fingerprint == server.fingerprint:
                return
            if running:
                self._stop(running)
            elif self._since:
                self._back_off(server)
            server.prepare()
            self._start(server)
        except (ClickstreamError, OSError) as error:
            # Said once; tried again, for the cause may go away (a disk that is full, jars being fetched).
            self._note(replace(self._record, failure=str(error)))
            self._rest(1.0, server)

    def _rest(self, seconds: float, server: Server) -> None:
        """Wait, unless the plan changes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._wanted(self._name) is server:
            if self._closing.wait(POLL_SECONDS):
                return

    def _back_off(self, server: Server) -> None:
        """Wait before it is started again: hardly at all when it ran well, longer each time when it did not."""
        crashed = time.monotonic() - self._since < SETTLED_SECONDS
        self._pause = min(self._pause * 2, LONGEST_PAUSE) if crashed else FIRST_PAUSE
        crashes = self._record.crashes + 1 if crashed else 0
        self._note(replace(self._record, pid=0, restarts=self._record.restarts + 1, crashes=crashes))
        self._say("ended; starting it again")
        self._rest(self._pause, server)

    def _start(self, server: Server) -> None:
        # It may have been stopped while it was prepared or waited.
        if self._closing.is_set() or self._wanted(self._name) is not server:
            return
        log = self._layout.log(server.name)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            # A session of its own: neither Ctrl-C in the terminal of `up` nor the supervisor's end reaches it.
            self._child = subprocess.Popen(
                server.command(),
                env=child_environment(self._layout, server),
                cwd=self._layout.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        identity = ProcessId.of(self._child.pid)
        started = identity.started if identity else 0
        self._since = time.monotonic()
        self._note(
            replace(self._record, pid=self._child.pid, started=started, fingerprint=server.fingerprint, failure="")
        )
        self._say(f"started as process {self._child.pid}")

    def _stop(self, running: ProcessId) -> None:
        """With everything that it has started: a TaskManager's Python workers."""
        terminate(running.family(), GRACE_SECONDS)
        if self._child is not None:
            self._child.poll()
        self._say("stopped")

    def _end_strays(self) -> None:
        """End what no record knows: a supervisor that was killed may have left a process that holds port and data."""
        running = self._record.process
        known = running.family() if running else []
        self._since = time.monotonic() - SETTLED_SECONDS if running else 0.0
        terminate((stray for stray in members(self._layout.root, self._name) if stray not in known), 5)

    def _note(self, record: Record) -> None:
        if record != self._record:
            record.save(self._layout.record(self._name))
            self._record = record

    def _say(self, text: str) -> None:
        print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {self._name}: {text}", flush=True)


def child_environment(layout: Layout, server: Server) -> dict[str, str]:
    """The variables of a server's process: those of the user without what is meant for other programs, and the marker.

    Addresses and FLINK_* of the shell may be another devstack's, and Flink's scripts prefer them to their files.
    """
    foreign = ("CLICKSTREAM_", "FLINK_", "KAFKA_", "JVM_ARGS", "LOG_DIR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, **server.environment(), MEMBER: str(layout.root), SERVER: server.name}
