"""A devstack as an object: what the commands, the tests and the demo start, stop, kill and ask."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from clickstream.errors import ClickstreamError, ConfigurationError, UnavailableError
from devstack import flink_home, ports, supervisor
from devstack.files import locked, tail
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.processes import members, terminate, wait_gone
from devstack.record import Record
from devstack.servers.server import Server
from devstack.services import SERVICES, Service, resolve, servers, usual_ports

POLL_SECONDS = 0.1
# How often in a row a server may end within seconds of its start before `up` gives it up.
CRASHES = 3


@dataclass(frozen=True)
class Status:
    """One server, or one external service.

    Attributes:
        name: the server's name, or the service's.
        service: the service that it belongs to.
        state: ready, starting, stopped, failed, external or unreachable (external and silent).
        address: of the service, with credentials.
        pid: 0 when it does not run or is external.
        restarts: how often it died and was started again.
        detail: why it is not ready; else empty.
    """

    name: str
    service: str
    state: str
    address: str
    pid: int = 0
    restarts: int = 0
    detail: str = ""


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
            UnavailableError: a server did not become ready.
        """
        self.layout.make()
        with locked(self._lock):
            plan = self._planned(os.environ if environment is None else environment, clickhouse_nodes)
            chosen = self._chosen(plan, only)
            own = servers(self.layout, plan)
            kept = {name for name in plan.wanted if name in own}
            plan = replace(plan, wanted=tuple(sorted(kept | {name for name in chosen if name in own})))
            plan = self._with_ports(plan)
            self._save(plan)
            supervisor.launch(self.layout)
            self._await(plan, chosen, time.monotonic() + timeout, progress)

    def down(self) -> None:
        """Stop everything that it ever started, orphans included. Data stay. Safe to repeat."""
        if not self.layout.run.is_dir():
            return
        with locked(self._lock):
            self._save(replace(self.plan, wanted=()))
            if process := supervisor.running(self.layout):
                process.send(signal.SIGTERM)
                if wait_gone([process], 25):
                    process.send(signal.SIGKILL)
                    wait_gone([process], 5)
            # Twice at least: the first look may miss what a dying process was starting.
            while left := members(self.layout.root):
                terminate(left, 10)
            for record in self.layout.run.glob("*.json"):
                if record != self._plan_file:
                    record.unlink()
            shutil.rmtree(self.layout.flink / "tmp", ignore_errors=True)

    def start(self, name: str, timeout: float = 60.0) -> None:
        """Start a server, or all of a service, and wait until it is ready.

        Raises:
            ConfigurationError: no such server, or it was never part of this devstack.
            UnavailableError: it did not become ready.
        """
        with locked(self._lock):
            names = self._named(name)
            plan = self._with_ports(replace(self.plan, wanted=tuple(sorted({*self.plan.wanted, *names}))))
            self._save(plan)
            supervisor.launch(self.layout)
            self._await(plan, names, time.monotonic() + timeout, lambda _: None)

    def stop(self, name: str) -> None:
        """Stop a server, or all of a service. It stays stopped until `start` or `up`.

        Raises:
            ConfigurationError: no such server.
            UnavailableError: it does not end.
        """
        with locked(self._lock):
            names = self._named(name)
            self._save(replace(self.plan, wanted=tuple(sorted({*self.plan.wanted} - {*names}))))
            supervisor.launch(self.layout)
            deadline = time.monotonic() + 30
            while running := [entry for entry in names if self._record(entry).process]:
                if time.monotonic() > deadline:
                    raise UnavailableError(f"{', '.join(running)} did not stop within 30 s: see {self.layout.logs}")
                time.sleep(POLL_SECONDS)

    def restart(self, name: str) -> None:
        """Stop, then start."""
        self.stop(name)
        self.start(name)

    def kill(self, name: str) -> list[int]:
        """Send SIGKILL to a server, or to all of a service, and to nothing that it started: a fault, not a stop.

        Returns:
            The pids; the processes are gone. The supervisor starts the server again.
        """
        processes = [process for entry in self._named(name) if (process := self._record(entry).process)]
        for process in processes:
            process.send(signal.SIGKILL)
        wait_gone(processes, 5)
        return [process.pid for process in processes]

    def pids(self, name: str) -> list[int]:
        """The main process of a server, or of each server of a service, as far as they run."""
        return [process.pid for entry in self._named(name) if (process := self._record(entry).process)]

    def members(self) -> list[int]:
        """Every process of this devstack: supervisor, servers, and what they have started, orphans included."""
        return [process.pid for process in members(self.layout.root)]

    def log(self, name: str) -> list[Path]:
        """The log of a server, or of all of a service; `supervisor` has one too."""
        if name == supervisor.NAME:
            return [self.layout.log(name)]
        return [self.layout.log(entry) for entry in self._named(name)]

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
            raise ConfigurationError(f"there is no devstack in {self.layout.root} yet: run clickstream up")
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
        """Every server and external service, each asked just now."""
        plan = self.plan
        names = [*servers(self.layout, plan), *plan.external]
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(lambda name: self._status_of(plan, name), names))

    # --- planning ---

    def _planned(self, environment: Mapping[str, str], clickhouse_nodes: int | None) -> Plan:
        """The plan with the services that the environment declares external, and the number of ClickHouse nodes."""
        plan = self.plan
        if clickhouse_nodes is not None:
            if clickhouse_nodes < 1:
                raise ConfigurationError(f"--clickhouse-nodes is {clickhouse_nodes}: it must be 1 or more")
            plan = replace(plan, clickhouse_nodes=clickhouse_nodes)
        external = {}
        for service in SERVICES.values():
            address = environment.get(service.variable)
            if address and address != self._own_address(service):
                external[service.name] = address
        return replace(plan, external=external)

    def _own_address(self, service: Service) -> str | None:
        """What `environment` said of a service when it was last ours."""
        plan = self.plan
        return service.address(plan) if usual_ports(service, plan).keys() <= plan.ports.keys() else None

    def _chosen(self, plan: Plan, only: Collection[str]) -> list[str]:
        """Servers and external services that a command is about."""
        if not only:
            return [*servers(self.layout, plan), *plan.external]
        found = []
        for name in only:
            found += [name] if name in plan.external else resolve(name, self.layout, plan)
        return found

    def _with_ports(self, plan: Plan) -> Plan:
        """The plan with a port for whatever should run: the remembered one unless a stranger has taken it meanwhile."""
        given = dict(plan.ports)
        for service in SERVICES.values():
            own = [server.name for server in service.servers(self.layout, plan)]
            if service.name in plan.external or not {*own} & {*plan.wanted}:
                continue
            for name, usual in usual_ports(service, plan).items():
                users = [name] if name in own else own
                if not any(self._record(user).process for user in users):
                    others = {port for other, port in given.items() if other != name}
                    given[name] = ports.choose(given.get(name, usual), self.layout.root, others)
        return replace(plan, ports=given)

    def _save(self, plan: Plan) -> None:
        if plan != self.plan or not self._plan_file.exists():
            plan.save(self._plan_file)

    def _named(self, name: str) -> list[str]:
        return resolve(name, self.layout, self.plan)

    def _record(self, name: str) -> Record:
        return Record.load(self.layout.record(name))

    # --- readiness ---

    def _await(self, plan: Plan, names: Collection[str], deadline: float, progress: Callable[[Status], None]) -> None:
        """Wait for all of them side by side; raise the first failure."""
        with ThreadPoolExecutor(max(len(names), 1)) as pool:
            for future in [pool.submit(self._await_one, plan, name, deadline, progress) for name in names]:
                future.result()

    def _await_one(self, plan: Plan, name: str, deadline: float, progress: Callable[[Status], None]) -> None:
        said = ""
        while True:
            status = self._status_of(plan, name)
            if status.state != said:
                said = status.state
                progress(status)
            if status.state in {"ready", "external"}:
                return
            if status.state == "failed":
                raise UnavailableError(status.detail)
            if time.monotonic() > deadline:
                raise UnavailableError(self._explained(plan, name, f"is not ready in time: {status.detail}"))
            time.sleep(POLL_SECONDS)

    def _status_of(self, plan: Plan, name: str) -> Status:
        if name in plan.external:
            return self._external_status(plan, SERVICES[name])
        return self._status(plan, name)

    def _status(self, plan: Plan, name: str) -> Status:
        server = servers(self.layout, plan)[name]
        service = next(entry for entry in SERVICES.values() if _makes_up(entry, server, plan, self.layout))
        record = self._record(name)
        known = usual_ports(service, plan).keys() <= plan.ports.keys()
        status = Status(
            name, service.name, "starting", service.address(plan) if known else "", restarts=record.restarts
        )
        if name not in plan.wanted:
            return replace(status, state="stopped")
        if record.failure:
            return replace(status, state="failed", detail=f"{name} cannot be started: {record.failure}")
        process = record.process
        if process is None:
            if record.crashes >= CRASHES:
                ended = f"ended {record.crashes} times within seconds of its start"
                return replace(status, state="failed", detail=self._explained(plan, name, ended))
            return replace(status, detail="its process is being started")
        try:
            server.probe(process)
        except UnavailableError as error:
            return replace(status, pid=process.pid, detail=str(error))
        return replace(status, state="ready", pid=process.pid)

    def _external_status(self, plan: Plan, service: Service) -> Status:
        address = plan.external[service.name]
        status = Status(service.name, service.name, "external", address)
        try:
            service.probe(address)
        except ClickstreamError as error:
            return replace(status, state="unreachable", detail=str(error))
        return status

    def _explained(self, plan: Plan, name: str, what: str) -> str:
        if name in plan.external:
            return f"{name} {what}. {SERVICES[name].variable} makes it external: start it, or unset that variable"
        log = self.layout.log(name)
        return f"{name} {what}. The end of {log}:\n{tail(log, 15)}"


def _makes_up(service: Service, server: Server, plan: Plan, layout: Layout) -> bool:
    return server.name in {other.name for other in service.servers(layout, plan)}
