"""Before the first event: servers, tables, topics, dimensions, and the first jobs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from clickstream.config import ServerSettings, resolve
from clickstream.dimensions.sample import load_sample
from clickstream.errors import ClickstreamError
from clickstream.migrate import cli as migrate
from clickstream.migrate.files import ddl_directory
from clickstream.migrate.outcome import Outcome, State
from devstack.demo.jobs import Jobs, Kind
from devstack.demo.screen import Screen
from devstack.readiness import Status
from devstack.services import SERVICES, usual_ports, web_ui
from devstack.stack import Stack

BATCH_SECONDS = "2"  # the default, 15 s, is right for ClickHouse and dull to watch
ITEMS = 5000  # of each shop: as many as the traffic is about
KEY_RECENT = "user:recent:{tenant}:{user_id}"  # the modelled traffic has several tenants, some with equal user ids
START_SECONDS = 240
# Traffic begins when these run. The others start meanwhile: each takes some seconds, and reads what it has missed.
FIRST = frozenset({"sink", "join"})


def start_servers(stack: Stack, console: Console, *, with_dimensions: bool) -> None:
    """Start what does not run, bring schemas up to date, and put all addresses into this process's environment.

    Raises:
        ClickstreamError: something is missing, or a server does not become ready.
    """

    def show(seen: Status) -> None:
        if seen.state in {"ready", "external"}:
            console.print(f"[green]✓[/] {seen.name}")

    with console.status("Starting Kafka, Flink, ClickHouse, Redis, MariaDB, MongoDB"):
        stack.up(progress=show)
    if moved := moved_ports(stack):
        console.print(f"Ports that are taken, and what is used instead: {', '.join(moved)}", soft_wrap=True)
    console.print(f"Flink's web UI: {web_ui(stack.plan)}", soft_wrap=True)
    os.environ.update(stack.environment())
    with filled_catalogue(console):
        applied: list[Outcome] = []
        with console.status("Creating tables and topics"):
            migrate.run("", dry_run=False, report=applied.append)
        new = sum(outcome.state is State.APPLIED for outcome in applied)
        console.print(f"[green]✓[/] tables and topics ({new} new)")
        servers = resolve(ServerSettings)
        if with_dimensions and servers.mysql_url:
            with console.status("Filling MySQL's dimensions"):
                counts = load_sample(servers.mysql_url, ddl_directory(servers.ddl_dir))
            console.print(f"[green]✓[/] dimensions ({sum(counts.values()):,} rows in MySQL)")


@contextmanager
def filled_catalogue(console: Console) -> Iterator[None]:
    """Make meanwhile what the generated shops have in MongoDB, where it is missing; what somebody changed stays.

    Raises:
        ClickstreamError: MongoDB does not answer.
    """
    command = [str(Path(sys.executable).parent / "clickstream"), "catalogue", "sample", "--items", str(ITEMS)]
    filling = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
        with console.status("Filling MongoDB's catalogue"):
            said = filling.communicate()[0].strip()
    finally:
        if filling.poll() is None:
            filling.kill()
            filling.communicate()
    if filling.returncode:
        raise ClickstreamError(f"{' '.join(command)} failed: {said}")
    console.print(f"[green]✓[/] catalogue in MongoDB: {said}")


def moved_ports(stack: Stack) -> list[str]:
    """Each server that is not where it usually is; the web UI's place is told for itself."""
    plan = stack.plan
    return [
        f"{usual} -> {plan.ports[name]} ({name})"
        for service in SERVICES.values()
        if service.name not in plan.external
        for name, usual in usual_ports(service, plan).items()
        if plan.ports.get(name, usual) != usual and name != "flink-rest"
    ]


def environment(kinds: tuple[Kind, ...]) -> dict[str, str]:
    """What the jobs and the generator are told; a setting of the user's own stays. Also set in this process."""
    joined = "join" in {kind.key for kind in kinds}
    os.environ.setdefault("CLICKSTREAM_SINK_BATCH_SECONDS", BATCH_SECONDS)
    os.environ.setdefault("CLICKSTREAM_REDIS_KEY_RECENT", KEY_RECENT)
    os.environ.setdefault("CLICKSTREAM_SOURCE", "dwd" if joined else "ods")
    return dict(os.environ)


def await_first(jobs: Jobs, screen: Screen) -> None:
    """Wait until the sink and the join run.

    Raises:
        ClickstreamError: one of them was refused, has failed, or does not come to run.
    """
    deadline = time.monotonic() + START_SECONDS
    with screen.waiting() as _:
        while waiting := [seen for seen in jobs.seen() if seen.kind.key in FIRST and not seen.running]:
            screen.status(", ".join(f"{seen.kind.name} is {seen.state}" for seen in waiting))
            if problem := jobs.problem():
                raise ClickstreamError(f"{problem}; `clickstream logs taskmanager` says more")
            if time.monotonic() > deadline:
                states = ", ".join(f"{seen.kind.name} is {seen.state} ({seen.page})" for seen in waiting)
                raise ClickstreamError(f"not within {START_SECONDS} s: {states}; see `clickstream logs taskmanager`")
            time.sleep(0.2)
