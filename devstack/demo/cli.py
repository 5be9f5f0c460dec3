"""`clickstream demo`: its options, and the order in which things begin and end."""

import os
import secrets
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from clickstream.clock import SystemClock
from clickstream.reconcile.verdict import table, verdict
from devstack.demo.account import Account, Accountant
from devstack.demo.checkpoints import Checkpoints
from devstack.demo.collecting import Collecting, started_collector
from devstack.demo.dashboard import started_dashboard
from devstack.demo.health import Health
from devstack.demo.interrupts import Interrupted, Interrupts
from devstack.demo.jobs import KINDS, Jobs, Kind, chosen
from devstack.demo.screen import Screen
from devstack.demo.setup import await_first, environment, start_servers
from devstack.demo.shopping import started_shop
from devstack.demo.traffic import Traffic
from devstack.demo.verdict import TITLE, compare
from devstack.demo.visitors import Visitors
from devstack.demo.watch import Watch
from devstack.layout import Layout
from devstack.stack import Stack

RATE = 500
VISITS = 20
STOPPED = 130  # exit status of what was interrupted before its end


@dataclass(frozen=True)
class _Wanted:
    """What the command line says."""

    kinds: tuple[Kind, ...]
    rate: float
    visits: float
    seconds: float | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", rich_help_panel="Devstack")(demo)


def demo(
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after so much traffic.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Events a second, written to Kafka.")] = RATE,
    visits: Annotated[float, typer.Option(min=0, help="More of them, sent to the collector over HTTP.")] = VISITS,
    jobs: Annotated[str, typer.Option(help="Which of them run; the sink always does.")] = ",".join(KINDS),
) -> None:
    """Start everything, send live traffic through the jobs, show it, and balance the books at the end.

    Exit status 0: every record sent is accounted for, in the numbers that the generator says, and Redis holds what SQL
    makes of the rows in ClickHouse. What was running before stays; what this starts it stops.
    """
    wanted = _Wanted(chosen(jobs), rate, visits, seconds)
    console = Console(highlight=False)
    stack = Stack(Layout.default(os.environ).root)
    last = ""
    with Interrupts() as interrupts:
        started_here = not any(seen.state == "ready" for seen in stack.status())
        try:
            start_servers(stack, console, with_dimensions=any(kind.key == "join" for kind in wanted.kinds))
            with (
                started_collector(stack, console, interrupts) as collecting,
                started_shop(stack, console, interrupts, collecting),
                started_dashboard(stack, console, interrupts),
            ):
                last = _run(stack, wanted, collecting, console, interrupts)
        except Interrupted as how:
            console.print(f"{how}: stopping at once; the books were not balanced")
            raise typer.Exit(STOPPED) from how
        finally:
            with interrupts.held_off():
                if started_here:
                    console.print("Stopping the servers; their data stay.")
                    stack.down()
    # The last word, behind all that was stopped.
    console.print(last, soft_wrap=True, markup=False, style="bold green" if last.startswith("Balanced") else "bold red")
    if not last.startswith("Balanced"):
        raise typer.Exit(1)


def _run(stack: Stack, wanted: _Wanted, collecting: Collecting | None, console: Console, interrupts: Interrupts) -> str:
    """From the first job to the books; the verdict."""
    screen = Screen(console)
    given = environment(wanted.kinds)
    health = Health(stack, screen.say)
    jobs = Jobs(
        given["CLICKSTREAM_FLINK_REST_URL"],
        given,
        wanted.kinds,
        given["CLICKSTREAM_SOURCE"],
        Checkpoints(stack.layout),
        screen.say,
    )
    try:
        await_first(jobs, screen)
        prefix = f"visit-{secrets.token_hex(4)}-"
        with Watch(jobs, health, SystemClock(), prefix) as watch:
            answers = stack.layout.root / "demo-answers.json"
            traffic = Traffic(stack.layout.root, given, answers, wanted.rate, wanted.seconds)
            visitors: Visitors | None = None
            try:
                if collecting is not None and wanted.visits:
                    visitors = Visitors(stack.layout.root, collecting, prefix, wanted.visits, wanted.seconds)
                try:
                    screen.follow(watch, traffic)
                except Interrupted as how:
                    screen.say(f"{how}: no more traffic; the last records are on their way. Once more: stop at once")
                traffic.ask_to_stop()
                if visitors is not None:
                    visitors.ask_to_stop()
                with screen.waiting() as show:
                    account = Accountant(watch, traffic, visitors, show).close_books()
                served = watch.sample().served
            finally:
                traffic.kill()
                if visitors is not None:
                    visitors.kill()
        if served and (said := str(served)):
            console.print(f"Redis, {said}", soft_wrap=True)
        return _verdict(account, jobs, console)
    finally:
        with interrupts.held_off():
            health.close()
            for left in jobs.close():
                if not health.taken_down():
                    console.print(left, soft_wrap=True)


def _verdict(account: Account, jobs: Jobs, console: Console) -> str:
    lines = compare(account.books, account.answers, account.posted, account.counted, account.joined, account.matches)
    console.print(table(lines, TITLE))
    if account.counted.copied:
        console.print(
            f"{account.counted.copied:,} records of the collector's are copies: their requests were sent again after "
            "an answer that promised nothing",
            soft_wrap=True,
        )
    if account.counted.lacking:
        lacking = ", ".join(f"{name} {count:,}" for name, count in account.counted.lacking)
        console.print(
            f"Joined without a row (dim_missing): {lacking}. The sample leaves out two products of a hundred, and the "
            "category of another one, as real catalogues do; what is more came while MySQL was away or slow",
            soft_wrap=True,
        )
    circumstances = [
        f"{len(ids)} jobs called {name} ran at once: {', '.join(ids)}" for name, ids in jobs.several.items()
    ]
    if problem := jobs.problem():
        circumstances.append(problem)
    return verdict(account.books, lines, circumstances)
