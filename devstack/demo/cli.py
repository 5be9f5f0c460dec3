"""`clickstream demo`."""

import os
import signal
import time
from collections import deque
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, KafkaSettings, SinkSettings, resolve
from clickstream.epoch import current_epoch
from clickstream.errors import ClickstreamError
from clickstream.migrate import cli as migrate
from clickstream.migrate.outcome import Outcome, State
from clickstream.names import JOB_CLICKHOUSE_SINK
from clickstream.reconcile.reconcile import Books, Ledger, reconcile
from clickstream.reconcile.stored import Stored
from clickstream.reconcile.topic import Topic
from devstack.demo import verdict
from devstack.demo.job import Job, running, submit
from devstack.demo.traffic import Traffic
from devstack.demo.watch import Sample, Watch, line, table
from devstack.readiness import Status
from devstack.stack import Stack

JOB_FILE = "clickhouse_sink.py"
BATCH_SECONDS = "2"  # the default, 15 s, is right for ClickHouse and dull to watch
START_SECONDS = 120
DRAIN_SECONDS = 90
SAMPLES = 15


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", rich_help_panel="Devstack")(demo)


def demo(
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after so much traffic.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Events a second.")] = 2000,
) -> None:
    """Start everything, send live traffic through the ClickHouse sink job, show it, and balance the books at the end.

    Exit status 0: every record sent is accounted for, in the numbers that the generator says. What was running before
    stays; what this starts it stops.
    """
    # A shell's background job is started with SIGINT ignored, and its children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    console = Console(highlight=False)
    stack = _stack()
    started_here = not any(seen.state == "ready" for seen in stack.status())
    try:
        _start(stack, console)
        balanced = _run(stack, console, rate, seconds)
    finally:
        if started_here:
            console.print("Stopping the servers; their data stay. The next start takes seconds.")
            stack.down()
    if not balanced:
        raise ClickstreamError("the books do not balance: see the table above, and the job's page in the web UI")


def _stack() -> Stack:
    return Stack(os.environ.get("CLICKSTREAM_DEVSTACK_DIR", ".devstack"))


def _start(stack: Stack, console: Console) -> None:
    def show(seen: Status) -> None:
        if seen.state in {"ready", "external"}:
            console.print(f"[green]✓[/] {seen.name}")

    with console.status("Starting Kafka, Flink, ClickHouse, Redis, MariaDB, MongoDB"):
        stack.up(progress=show)
    os.environ.update(stack.environment())
    os.environ.setdefault("CLICKSTREAM_SINK_BATCH_SECONDS", BATCH_SECONDS)
    applied: list[Outcome] = []
    with console.status("Creating tables and topics"):
        migrate.run("", dry_run=False, report=applied.append)
    new = sum(outcome.state is State.APPLIED for outcome in applied)
    console.print(f"[green]✓[/] tables and topics ({new} new)")


def _run(stack: Stack, console: Console, rate: float, seconds: float | None) -> bool:
    rest_url = os.environ["CLICKSTREAM_FLINK_REST_URL"]
    job, ours = running(rest_url, JOB_CLICKHOUSE_SINK), False
    if job is None:
        with console.status(f"flink run -py pyflink_jobs/{JOB_FILE}"):
            job, ours = submit(JOB_FILE, dict(os.environ)), True
            _await_running(job)
    console.print(f"[green]✓[/] {JOB_CLICKHOUSE_SINK}: {job.page}", soft_wrap=True)
    ledger = _ledger()
    try:
        watch = Watch(ledger, job, SystemClock())
        answers = stack.layout.root / "demo-answers.json"
        traffic = Traffic(dict(os.environ), answers, rate, seconds)
        try:
            _show(watch, traffic, console)
            sent = traffic.stop()
        finally:
            traffic.kill()
        with console.status("Waiting for the last batch"):
            books = _balance(watch)
        pairs = verdict.compare(books, sent)
        console.print(verdict.table(pairs))
        return verdict.holds(pairs)
    finally:
        ledger.close()
        if ours:
            job.cancel()


def _ledger() -> Ledger:
    kafka = resolve(KafkaSettings)
    return Ledger(
        topic=Topic(kafka.bootstrap, kafka.topic_behaviors),
        epoch=current_epoch(kafka, kafka.topic_behaviors),
        stored=Stored(resolve(ClickHouseSettings).cluster, resolve(SinkSettings).table),
        rejected=Topic(kafka.bootstrap, kafka.topic_rejected),
        dead=Topic(kafka.bootstrap, kafka.topic_dead_letters),
    )


def _await_running(job: Job) -> None:
    deadline = time.monotonic() + START_SECONDS
    while (state := job.state()) != "RUNNING":
        if state == "FAILED" or time.monotonic() > deadline:
            raise ClickstreamError(f"the job is {state}: {job.failure()}; `clickstream logs taskmanager` says more")
        time.sleep(0.5)


def _show(watch: Watch, traffic: Traffic, console: Console) -> None:
    """Show samples until the traffic ends, or Ctrl-C is pressed."""
    samples: deque[Sample] = deque([watch.sample()], maxlen=SAMPLES)
    try:
        if console.is_terminal:
            with Live(console=console, auto_refresh=False) as live:
                while traffic.running():
                    time.sleep(1)
                    samples.append(watch.sample())
                    live.update(table(list(samples), watch.job), refresh=True)
        else:
            while traffic.running():
                time.sleep(5)
                samples.append(watch.sample())
                console.print(line(samples[-1], samples[-2]), soft_wrap=True)
    except KeyboardInterrupt:
        console.print("Ctrl-C: no more traffic; the last records are on their way")


def _balance(watch: Watch) -> Books:
    """Wait until nothing is on its way; what is still missing at the deadline stands in the books.

    The live counts say when it is worth looking. They are not proof: a job that was restarted sends rejects again.
    """
    deadline = time.monotonic() + DRAIN_SECONDS
    while watch.sample().lag and time.monotonic() < deadline:
        time.sleep(0.5)
    while (books := reconcile(watch.ledger, watch.spans())).missing and time.monotonic() < deadline:
        time.sleep(1)
    return books
