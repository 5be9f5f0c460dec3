"""Samples as lines or as a table."""

import time
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from devstack.demo.jobs import Seen
from devstack.demo.watch import Sample

ROWS = 12
SMOOTHED = 5  # samples that a rate is measured over
_STATES = {"running": "green", "waiting": "dim", "submitting": "yellow", "starting": "yellow"}
_HEADINGS = ("time", "sent", "/s", "rows", "/s", "lag", "rejects", "dupli-\ncates", "dead\nletters")


def line(now: Sample, before: Sample) -> str:
    """One sample on one line, for output that is not a terminal."""
    seconds = max(now.at - before.at, 1e-3)
    counted, earlier = now.counted, before.counted
    said = (
        f"{time.strftime('%H:%M:%S')}"
        f"  sent {counted.sent:,} ({(counted.sent - earlier.sent) / seconds:,.0f}/s)"
        f"  rows {now.rows:,} ({(now.rows - before.rows) / seconds:,.0f}/s)  lag {now.lag:,}"
        f"  rejected {counted.rejected:,}  duplicates {counted.repeated:,}  dead letters {counted.dead:,}"
    )
    for seen in now.jobs:
        said += f"  {seen.kind.key} {_state(seen)}"
    for each in now.away:
        said += f"  AWAY: {each}"
    return said


def status(now: Sample, idle: float, limit: float) -> str:
    """What is waited for at the end, when no more is sent."""
    said = (
        f"{now.lag:,} records on their way to ClickHouse"
        if now.lag
        else "Every record has arrived; balancing the books"
    )
    if behind := [f"{seen.kind.key} {_state(seen)}" for seen in now.jobs if not seen.running or seen.pending]:
        said += f"; {', '.join(behind)}"
    if now.away:
        said += f"; away: {', '.join(map(str, now.away))}"
    return f"{said}; nothing has moved for {idle:.0f} s: given up after {limit:.0f} s" if idle >= 2 else said


def view(samples: Sequence[Sample], begun: float, title: str) -> Group:
    """The latest samples, newest at the bottom; beneath them jobs, Redis and what is away. Fits in 80 columns.

    Args:
        samples: about a second apart, the newest last.
        begun: when the demo began, by the clock of the samples.
        title: above the table.
    """
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in _HEADINGS:
        shown.add_column(heading, justify="right", no_wrap=True)
    for index in range(max(1, len(samples) - ROWS), len(samples)):
        # The sink writes every other second: rates from one second to the next would jump.
        shown.add_row(*_cells(samples[max(0, index - SMOOTHED)], samples[index], begun))
    now = samples[-1]
    jobs = Table(box=None, pad_edge=False, show_header=False)
    for seen in now.jobs:
        state = Text(seen.state, style=_STATES.get(seen.state, "red"))
        lag = "" if seen.pending is None else f"{seen.pending:,} to read"
        jobs.add_row(seen.kind.name, state, Text(lag))
    parts: list[Table | Text] = [shown, Text(), jobs]
    if now.served and (said := str(now.served)):
        parts.append(Text(f"Redis, {said}"))
    parts += [Text(f"AWAY: {each}", style="bold red") for each in now.away]
    parts.append(Text("Ctrl-C stops", style="dim"))
    return Group(*parts)


def _cells(before: Sample, now: Sample, begun: float) -> list[str]:
    seconds = max(now.at - before.at, 1e-3)
    counted = now.counted
    numbers = (
        counted.sent,
        (counted.sent - before.counted.sent) / seconds,
        now.rows,
        (now.rows - before.rows) / seconds,
        now.lag,
        counted.rejected,
        counted.repeated,
        counted.dead,
    )
    passed = int(now.at - begun)
    return [f"{passed // 60}:{passed % 60:02}", *(f"{number:,.0f}" for number in numbers)]


def _state(seen: Seen) -> str:
    return f"{seen.state}, {seen.pending:,} to read" if seen.pending else seen.state
