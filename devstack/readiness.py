"""What state a server is in, asked just now, and waiting until it is ready."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

from clickstream.errors import ClickstreamError, UnavailableError
from devstack.files import tail
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.record import Record
from devstack.services import SERVICES, Service, servers, usual_ports

POLL_SECONDS = 0.1
# Somebody else's server is there or it is not: there is nothing to wait for but a restart.
EXTERNAL_SECONDS = 15.0


@dataclass(frozen=True)
class Status:
    """One server, or one external service.

    Attributes:
        name: the server's name, or the service's.
        service: the service that it belongs to.
        state: ready, starting, stopped, failed, external, or unreachable (external and silent).
        address: of the service, with credentials; empty while it has no port.
        pid: 0 when it does not run or is external.
        restarts: how often it ended by itself and was started again.
        detail: why it is not ready; else empty.
    """

    name: str
    service: str
    state: str
    address: str
    pid: int = 0
    restarts: int = 0
    detail: str = ""


def status(layout: Layout, plan: Plan, name: str) -> Status:
    """Ask one server or external service."""
    if name in plan.external:
        return _external(plan, SERVICES[name])
    service = next(entry for entry in SERVICES.values() if name in {s.name for s in entry.servers(layout, plan)})
    known = usual_ports(service, plan).keys() <= plan.ports.keys()
    found = Status(name, service.name, "stopped", service.address(plan) if known else "")
    return _own(layout, plan, found) if name in plan.wanted else found


def _own(layout: Layout, plan: Plan, found: Status) -> Status:
    name = found.name
    record = Record.load(layout.record(name))
    found = replace(found, state="starting", restarts=record.restarts)
    process = record.process
    if record.failure:
        return replace(found, state="failed", detail=f"{name} cannot be started: {record.failure}")
    if record.gave_up:
        ended = f"{name} ended {record.crashes} times within seconds of its start"
        return replace(found, state="failed", detail=f"{ended}. {_end_of_log(layout, name)}")
    if process is None:
        return replace(found, detail="its process is being started")
    try:
        servers(layout, plan)[name].probe(process)
    except UnavailableError as error:
        return replace(found, pid=process.pid, detail=str(error))
    return replace(found, state="ready", pid=process.pid)


def _external(plan: Plan, service: Service) -> Status:
    found = Status(service.name, service.name, "external", plan.external[service.name])
    try:
        service.probe(found.address)
    except ClickstreamError as error:
        return replace(found, state="unreachable", detail=str(error))
    return found


def await_ready(
    layout: Layout, plan: Plan, names: Collection[str], timeout: float, progress: Callable[[Status], None]
) -> None:
    """Wait until all of them are ready, asking them side by side.

    Args:
        layout: the devstack's folders.
        plan: what it should be.
        names: servers and external services.
        timeout: seconds for all together.
        progress: told whenever a state changes, from several threads.

    Raises:
        UnavailableError: the first that is given up; the others are waited for no more.
    """
    if not names:
        return
    given_up = threading.Event()

    def await_one(name: str) -> None:
        limit = min(timeout, EXTERNAL_SECONDS) if name in plan.external else timeout
        for found in _states(layout, plan, name, limit, given_up):
            progress(found)

    with ThreadPoolExecutor(len(names)) as pool:
        waits = [pool.submit(await_one, name) for name in names]
        try:
            for wait in as_completed(waits):
                wait.result()
        finally:
            given_up.set()


def _states(layout: Layout, plan: Plan, name: str, limit: float, given_up: threading.Event) -> Iterator[Status]:
    """Every state that a server goes through, until it is ready or it is given up."""
    deadline = time.monotonic() + limit
    said = ""
    while not given_up.wait(POLL_SECONDS if said else 0):
        found = status(layout, plan, name)
        if found.state != said:
            said = found.state
            yield found
        if found.state in {"ready", "external"}:
            return
        if found.state == "failed":
            raise UnavailableError(found.detail)
        if time.monotonic() > deadline:
            raise UnavailableError(_late(layout, plan, found))


def _late(layout: Layout, plan: Plan, found: Status) -> str:
    if found.name in plan.external:
        variable = SERVICES[found.name].variable
        return f"{found.detail}. {variable} makes {found.name} external: start it there, or unset {variable}"
    return f"{found.name} is not ready in time: {found.detail}. {_end_of_log(layout, found.name)}"


def _end_of_log(layout: Layout, name: str) -> str:
    log = layout.log(name)
    return f"The end of {log}:\n{tail(log, 15)}"
