"""A devstack as an object: what the commands, the tests and the demo start, stop, kill and ask."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from clickstream.errors import ConfigurationError, UnavailableError
from devstack import flink_home, planning, supervisor
from devstack.files import locked
from devstack.layout import VARIABLE, Layout
from devstack.plan import Plan
from devstack.processes import ProcessId, members, terminate, wait_gone
from devstack.readiness import POLL_SECONDS, Status, await_ready, status
from devstack.record import Record
from devstack.services import SERVICES, resolve, servers, usual_ports


class Stack:
    """The devstack in one folder. Any number of objects, in any process, may stand for the same one.

    Args:
        directory: its folder; made by `up`.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.layout = Layout.at(directory)
        self._plan_file = self.layout.run / "plan.json"
        self._lock = self.layout.run / "command.lock"

    @property
    def plan(self) -> Plan:
        """What it should be, as last written."""
        return Plan.load(self._plan_file)

    def up(
        self,
        *,
        only: Collection[str] = (),
        clickhouse_nodes: int | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float = 120.0,
        progress: Callable[[Status], None] = lambda _: None,
    ) -> None:
        """Start what does not run, and wait until all of it answers as clients ask. Changes nothing when it does.

        Args:
            only: names of servers or services; empty for all. Others that run are left alone.
            clickhouse_nodes: how many; None for as many as before (1 at first).
            environment: where to look for the addresses of external services; default os.environ. An address that is
                this devstack's own does not make the service external.
            timeout: seconds for all servers together.
            progress: told whenever a server's state changes, from several threads.

        Raises:
            ConfigurationError: something is missing that the user can supply.
            UnavailableError: a server did not become ready. Where nothing ran before, nothing does then either.
        """

        def asked() -> tuple[Plan, list[str]]:
            plan = planning.with_environment(self.plan, os.environ if environment is None else environment)
            plan = planning.with_clickhouse_nodes(plan, clickhouse_nodes)
            return plan, planning.chosen(self.layout, plan, only)

        # Somebody else's servers first, before anything is made: without them ours need not be started.
        plan, names = asked()
        await_ready(self.layout, plan, [name for name in names if name in plan.external], timeout, progress)
        is_new = not self.layout.root.exists()
        self.layout.make()
        with locked(self._lock), self._undone_unless_up(is_new):
            plan, names = asked()
            plan = planning.with_servers(self.layout, plan, names)
            self._forget_failures(names)
            self._save(plan)
            supervisor.launch(self.layout)
            own = [name for name in names if name not in plan.external]
            await_ready(self.layout, plan, own, timeout, progress)

    def down(self) -> list[str]:
        """Stop everything that it ever started, orphans included. Data stay. Safe to repeat.

        Returns:
            The servers that ran.
        """
        if not self.layout.run.is_dir():
            return []
        with locked(self._lock):
            ran = [name for name in servers(self.layout, self.plan) if self._process(name)]
            self._down()
        return ran

    @contextmanager
    def _undone_unless_up(self, is_new: bool) -> Iterator[None]:
        """Leave nothing running after a failure where nothing ran before, and no new folder in which nothing stands."""
        ran = bool(self.members())
        try:
            yield
        except BaseException as error:
            if ran:
                raise
            self._down()
            said = [log for log in self.layout.logs.glob("*.log") if log.stem != supervisor.NAME and log.stat().st_size]
            if is_new and not said:
                shutil.rmtree(self.layout.root)
            elif isinstance(error, UnavailableError):
                raise UnavailableError(
                    f"{error}\nWhat had been started is stopped again; {self.layout.logs} has all logs"
                ) from error
            raise

    def _down(self) -> None:
        self._save(replace(self.plan, wanted=()))
        if process := supervisor.running(self.layout):
            process.send(signal.SIGTERM)
            if wait_gone([process], 25):
                process.send(signal.SIGKILL)
                wait_gone([process], 5)
        records = [path for path in self.layout.run.glob("*.json") if path != self._plan_file]
        # A Redis before 6.2 writes its title over the environment by which members are known: its record knows it.
        terminate((process for path in records if (process := Record.load(path).process)), 10)
        # Twice at least: the first look may miss what a dying process was starting.
        while left := members(self.layout.root):
            terminate(left, 10)
        for record in records:
            record.unlink()
        shutil.rmtree(self.layout.flink / "tmp", ignore_errors=True)

    def start(self, name: str, timeout: float = 60.0, progress: Callable[[Status], None] = lambda _: None) -> None:
        """Start a server, or all of a service, and wait until it is ready.

        Args:
            name: of the server or service.
            timeout: seconds for all of them together.
            progress: told whenever a server's state changes, from several threads.

        Raises:
            ConfigurationError: no such server, or it was never part of this devstack.
            UnavailableError: it did not become ready.
        """
        with locked(self._lock):
            names = self._named(name)
            plan = planning.with_servers(self.layout, self.plan, names)
            self._save(plan)
            supervisor.launch(self.layout)
            await_ready(self.layout, plan, names, timeout, progress)

    def stop(self, name: str) -> list[str]:
        """Stop a server, or all of a service. It stays stopped until `start` or `up`.

        Returns:
            The servers that ran.

        Raises:
            ConfigurationError: no such server.
            UnavailableError: it does not end.
        """
        with locked(self._lock):
            names = self._named(name)
            ran = [each for each in names if self._process(each)]
            self._stop(names)
        return ran

    def restart(self, name: str, progress: Callable[[Status], None] = lambda _: None) -> None:
        """Stop, then start."""
        self.stop(name)
        self.start(name, progress=progress)

    def kill(self, name: str) -> list[int]:
        """Send SIGKILL to a server, or to all of a service, and to nothing that it started: a fault, not a stop.

        Returns:
            The pids; the processes are gone. The supervisor starts the server again.
        """
        processes = [process for entry in self._named(name) if (process := self._process(entry))]
        for process in processes:
            process.send(signal.SIGKILL)
        wait_gone(processes, 5)
        return [process.pid for process in processes]

    def pids(self, name: str) -> list[int]:
        """The main process of a server, or of each server of a service, as far as they run."""
        return [process.pid for entry in self._named(name) if (process := self._process(entry))]

    def members(self) -> list[int]:
        """Every process of this devstack: supervisor, servers, and what they have started, orphans included."""
        return [process.pid for process in members(self.layout.root)]

    def log(self, name: str) -> list[Path]:
        """The log of a server, or of all of a service; `supervisor` has one too."""
        if name == supervisor.NAME:
            return [self.layout.log(name)]
        return [self.layout.log(entry) for entry in resolve(name, self.layout, self.plan, also=(supervisor.NAME,))]

    def environment(self) -> dict[str, str]:
        """What programs need to find this devstack: addresses, Flink's folders, and PATH with `flink` in front.

        Raises:
            ConfigurationError: it was never started.
        """
        plan = self.plan
        found = {}
        for service in SERVICES.values():
            if service.name in plan.external:
                found[service.variable] = plan.external[service.name]
            elif usual_ports(service, plan).keys() <= plan.ports.keys():
                found[service.variable] = service.address(plan)
        if not found:
            raise ConfigurationError(
                f"there is no devstack in {self.layout.root}: run clickstream up, or name another folder in {VARIABLE}"
            )
        found["CLICKSTREAM_DEAD_LETTER_DIR"] = str(self.layout.dead_letters)
        first = [str(Path(sys.executable).parent)]
        if "flink-rest" in plan.ports and "flink" not in plan.external:
            found["FLINK_HOME"] = str(flink_home.home(self.layout))
            found["FLINK_CONF_DIR"] = str(flink_home.configuration(self.layout))
            first.insert(0, str(flink_home.home(self.layout) / "bin"))
        rest = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry not in first]
        found["PATH"] = os.pathsep.join([*first, *rest])
        return found

    def status(self) -> list[Status]:
        """Every server and external service that `up` starts or that was named to it, each asked just now."""
        plan = self.plan
        names = planning.chosen(self.layout, plan, ())
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(lambda name: status(self.layout, plan, name), names))

    def _stop(self, names: Collection[str]) -> None:
        self._save(replace(self.plan, wanted=tuple(sorted({*self.plan.wanted} - {*names}))))
        supervisor.launch(self.layout)
        deadline = time.monotonic() + 30
        # An empty record is the supervisor's word that it has seen the plan.
        while left := [name for name in names if self._record(name) != Record()]:
            if time.monotonic() > deadline:
                raise UnavailableError(f"{', '.join(left)} did not stop within 30 s: see {self.layout.logs}")
            time.sleep(POLL_SECONDS)

    def _forget_failures(self, names: Collection[str]) -> None:
        """Let the supervisor try anew what it has given up: a failure of before is not one of now."""
        if failed := [name for name in names if name in self.plan.wanted and self._record(name).gave_up]:
            self._stop(failed)

    def _record(self, name: str) -> Record:
        return Record.load(self.layout.record(name))

    def _save(self, plan: Plan) -> None:
        """Replace the plan; leave its file alone when it says that already, for the supervisor watches it."""
        if plan != self.plan or not self._plan_file.exists():
            plan.save(self._plan_file)

    def _named(self, name: str) -> list[str]:
        return resolve(name, self.layout, self.plan)

    def _process(self, name: str) -> ProcessId | None:
        return self._record(name).process
