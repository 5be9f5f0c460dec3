"""From what a command asks for to a plan: which services are external, which servers run, on which ports."""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from clickstream.errors import ConfigurationError
from devstack import ports, supervisor
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.record import Record
from devstack.services import SERVICES, Service, resolve, servers, usual_ports

# What the kernel may take to free the ports of a process that was killed.
RELEASE_SECONDS = 3.0


def with_environment(plan: Plan, environment: Mapping[str, str]) -> Plan:
    """The plan with those services external whose address variable names somebody else's server."""
    external = {}
    for service in SERVICES.values():
        address = environment.get(service.variable)
        if address and not _is_own(service, address, plan):
            external[service.name] = address
    return replace(plan, external=external)


def with_clickhouse_nodes(plan: Plan, nodes: int | None) -> Plan:
    """The plan with so many ClickHouse servers; None leaves it alone.

    Raises:
        ConfigurationError: less than one.
    """
    if nodes is None:
        return plan
    if nodes < 1:
        raise ConfigurationError(f"{nodes} ClickHouse nodes were asked for: it must be 1 or more")
    return replace(plan, clickhouse_nodes=nodes)


def chosen(layout: Layout, plan: Plan, only: Collection[str]) -> list[str]:
    """The servers and external services that a command is about.

    When `only` is empty these are all but the ones that `up` starts on request and that nobody has asked for yet.

    Raises:
        ConfigurationError: a name is unknown.
    """
    if not only:
        left_out = {
            server.name
            for service in SERVICES.values()
            if service.on_request
            for server in service.servers(layout, plan)
            if server.name not in plan.wanted
        }
        return [name for name in servers(layout, plan) if name not in left_out] + [*plan.external]
    found = []
    for name in only:
        found += [name] if name in plan.external else resolve(name, layout, plan)
    return found


def with_servers(layout: Layout, plan: Plan, added: Collection[str]) -> Plan:
    """The plan with these servers wanted besides those that it wants already, and a port for each.

    Remembered ports stay, unless a stranger or another devstack has taken one while its server did not run.

    Raises:
        UnavailableError: no port is free.
    """
    own = servers(layout, plan)
    plan = replace(plan, wanted=tuple(sorted({*plan.wanted, *added} & own.keys())))
    given = dict(plan.ports)
    reserved = reservations()
    for service in SERVICES.values():
        names = [server.name for server in service.servers(layout, plan)]
        if service.name in plan.external or not {*names} & {*plan.wanted}:
            continue
        for name, usual in usual_ports(service, plan).items():
            # A ClickHouse node has the port of its name; the ports of other services belong to all their servers.
            users = [name] if name in names else names
            others = {port for other, port in given.items() if other != name}
            if (
                name in given
                and not reserved.is_others(given[name], layout.root)
                and _stays(layout, given[name], users)
            ):
                continue
            given[name] = reserved.choose(given.get(name, usual), layout.root, others)
    reserved.keep(given.values(), layout.root)
    return replace(plan, ports=given)


def reservations() -> ports.Reservations:
    """Which ports the devstacks of this user have."""
    return ports.Reservations(lambda folder: supervisor.running(Layout(folder)) is not None)


def _stays(layout: Layout, port: int, users: Collection[str]) -> bool:
    """Whether a server keeps its port: unless a stranger listens there.

    A process that ended holds its port until the last of its threads is gone, which is after its end is seen; and its
    supervisor may have started its successor by then.
    """
    deadline = time.monotonic() + RELEASE_SECONDS
    while not (any(Record.load(layout.record(user)).process for user in users) or ports.is_free(port)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _is_own(service: Service, address: str, plan: Plan) -> bool:
    """Whether an address is one that `clickstream env` gave out: ports and credentials are this devstack's."""
    own = {port for name, port in plan.ports.items() if name.partition("-")[0] == service.name or name in service.ports}
    found = re.findall(r"([^/@,;]+):(\d+)(?=[/,;#?]|$)", address)
    if not found or not all(host == ports.HOST and int(port) in own for host, port in found):
        return False
    return _credentials(address) <= _credentials(service.address(plan))


def _credentials(address: str) -> set[str]:
    return set(re.findall(r"//([^/@]*)@", address))
