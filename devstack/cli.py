"""`clickstream up`, `down`, `status`, `logs`, `env`, and `start`, `stop`, `restart` of single servers."""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterable
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from clickstream.errors import ConfigurationError
from devstack import memory
from devstack.layout import VARIABLE, Layout
from devstack.readiness import Status
from devstack.services import web_ui
from devstack.stack import Stack

STYLES = {"ready": "green", "external": "cyan", "starting": "yellow", "stopped": "dim"}

ServerName = Annotated[str, typer.Argument(metavar="NAME", help="A server (taskmanager) or a service (flink).")]


def register(app: typer.Typer) -> None:
    """Add the devstack's commands to the command line."""
    for command in (up, down, status, logs, env, start, stop, restart):
        app.command(rich_help_panel="Devstack")(command)


def up(
    clickhouse_nodes: Annotated[
        int | None, typer.Option(min=1, help="How many ClickHouse servers, each a shard. Default: as before.")
    ] = None,
    only: Annotated[str, typer.Option(help="Servers or services, separated by commas. Default: all.")] = "",
) -> None:
    """Start the servers and wait until they answer. What runs already is left alone.

    A service whose address variable (CLICKSTREAM_KAFKA_BOOTSTRAP, ...) is set is external: checked, not started.
    """
    stack = _stack()
    console = Console(highlight=False)
    before = _addresses(stack)
    names = [name.strip() for name in only.split(",") if name.strip()]
    stack.up(only=names, clickhouse_nodes=clickhouse_nodes, progress=_progress(console))
    found = stack.environment()
    if any(found.get(name) != address for name, address in before.items()):
        console.print('[yellow]Addresses have changed[/]: run eval "$(clickstream env)" again in open shells.')
    if "CLICKSTREAM_FLINK_REST_URL" in found:
        console.print(f"Flink's web UI: {web_ui(stack.plan)}", soft_wrap=True)
        console.print('Addresses for a shell: eval "$(clickstream env)"')


def down() -> None:
    """Stop every server and whatever they started. Data stay. Safe to repeat."""
    stack = _stack()
    ran = stack.down()
    told = f"Stopped {', '.join(ran)}; data stay" if ran else "Nothing ran"
    made = stack.layout.run.is_dir()
    Console(highlight=False).print(f"{told} in {stack.layout.root}" if made else _nothing_in(stack), soft_wrap=True)


def status() -> None:
    """Say of each server whether it answers, where, how often it was started again, and what memory it takes."""
    console = Console(highlight=False)
    stack = _stack()
    if not stack.layout.run.is_dir():
        console.print(_nothing_in(stack), soft_wrap=True)
        return
    found = stack.status()
    console.print(f"Devstack in {stack.layout.root} ({VARIABLE} names another folder)", soft_wrap=True)
    shown = table(found)
    # An address that is cut in two can't be copied: what does not fit is left to the terminal.
    width = Measurement.get(console, console.options.update(width=1_000), shown).maximum
    Console(highlight=False, width=max(width, console.width)).print(shown)
    if everything := memory.total(stack.members()):
        console.print(
            f"Memory in all, the jobs' Python workers and the supervisor included: {memory.shown(everything)} MiB",
            soft_wrap=True,
        )
    for seen in found:
        if seen.detail:
            console.print(f"{seen.name}: {seen.detail}", markup=False, soft_wrap=True)


def table(found: Iterable[Status]) -> Table:
    """A line for each server; with the usual ports it fits in 80 columns."""
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    numbers = {"pid", "restarts", "MiB"}
    for heading in ("server", "state", "pid", "restarts", "MiB", "address"):
        shown.add_column(heading, justify="right" if heading in numbers else "left", no_wrap=True)
    for seen in found:
        state = f"[{STYLES.get(seen.state, 'red')}]{seen.state}[/]"
        taken = memory.shown(memory.tree(seen.pid)) if seen.pid else ""
        numbered = (str(seen.pid or ""), str(seen.restarts or ""), taken)
        shown.add_row(seen.name, state, *numbered, _shown(own_address(seen.name, seen.address)))
    return shown


def own_address(name: str, address: str) -> str:
    """Of a service's address what one of its servers has: `clickhouse-2` is the second shard."""
    shards, number = address.split(";"), name.rpartition("-")[2]
    return shards[int(number) - 1] if len(shards) > 1 and number.isdigit() else address


def logs(
    name: ServerName,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on printing what is added.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many lines from the end.")] = 100,
) -> None:
    """Print the log of a server, or of all servers of a service; `supervisor` has one too."""
    paths = [path for path in _made_stack().log(name) if path.exists()]
    if not paths:
        raise ConfigurationError(f"{name} has no log yet: it was never started")
    options = ["-n", str(lines), *(["-F"] if follow else [])]
    try:
        # tail's own -F goes on when the supervisor begins a new file.
        subprocess.run(["tail", *options, *map(str, paths)], check=False)
    except KeyboardInterrupt:
        return


def env() -> None:
    """Print export lines for a shell: eval "$(clickstream env)"."""
    for name, value in _stack().environment().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def start(name: ServerName) -> None:
    """Start a server that was stopped, and wait until it answers."""
    _made_stack().start(name, progress=_progress(Console(highlight=False)))


def stop(name: ServerName) -> None:
    """Stop a server. It stays stopped until `start` or `up`."""
    ran = _made_stack().stop(name)
    told = f"Stopped {', '.join(ran)}: `clickstream start {name}` starts" if ran else f"{name} did not run: `up` starts"
    typer.echo(f"{told} it again")


def restart(name: ServerName) -> None:
    """Stop a server and start it again."""
    _made_stack().restart(name, progress=_progress(Console(highlight=False)))


def _progress(console: Console) -> Callable[[Status], None]:
    """Shows a line for each server that is being started, and one when it is ready."""

    def show(seen: Status) -> None:
        if seen.state in {"ready", "external"}:
            address = _shown(own_address(seen.name, seen.address))
            console.print(f"[green]✓[/] {seen.name:<13} {address}{_note(seen)}", soft_wrap=True)
        elif seen.state == "starting" and not seen.pid:
            console.print(f"[dim]· {seen.name:<13} starting[/]")

    return show


def _stack() -> Stack:
    return Stack(Layout.default(os.environ).root)


def _made_stack() -> Stack:
    """The devstack, where there is one.

    Raises:
        ConfigurationError: there is none.
    """
    stack = _stack()
    if not stack.layout.run.is_dir():
        raise ConfigurationError(_nothing_in(stack))
    return stack


def _nothing_in(stack: Stack) -> str:
    return f"there is no devstack in {stack.layout.root}: `clickstream up` makes one; {VARIABLE} names another"


def _addresses(stack: Stack) -> dict[str, str]:
    """What `env` would have said before; empty when there was no devstack."""
    try:
        found = stack.environment()
    except ConfigurationError:
        return {}
    return {name: value for name, value in found.items() if name.startswith("CLICKSTREAM_")}


def _shown(address: str) -> str:
    """An address for the terminal, without its password."""
    shown = []
    for url in address.split(";"):
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        shown.append(urlunsplit(parts._replace(netloc=host)) if parts.password else url)
    return ";".join(shown)


def _note(seen: Status) -> str:
    return " [cyan](external)[/]" if seen.state == "external" else ""
