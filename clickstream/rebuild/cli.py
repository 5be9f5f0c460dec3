"""`clickstream rebuild`."""

import logging
from datetime import UTC, datetime
from typing import Annotated

import typer

from clickstream.config import ClickHouseSettings, resolve
from clickstream.errors import ConfigurationError
from clickstream.rebuild.days import Days
from clickstream.rebuild.rebuild import ALL, rebuild, repair
from clickstream.rebuild.report import Progress

_DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rebuild")(command)


def command(
    mart: Annotated[str, typer.Argument(help=f"Such as metrics_hourly; {ALL}: every mart.")] = "",
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="The first day (UTC).")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="The last day; default: today.")] = None,
    repairs: Annotated[bool, typer.Option("--repairs", help="Every mart, for the days on the sink's list.")] = False,
    stopped: Annotated[bool, typer.Option("--stopped", help="The sink is stopped: for marts with replicas.")] = False,
) -> None:
    """Count marts anew from the raw rows, on every ClickHouse server, while events go on coming in.

    It may be ended at any time and run again: what was left half done is finished or thrown away first.
    """
    # It logs its own line about a server that does not answer; our error says it better.
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    settings = resolve(ClickHouseSettings)
    if repairs:
        if mart or first or last:
            raise ConfigurationError("--repairs takes its days from the sink's list: leave mart, --from and --to out")
        left = repair(settings, _print, stopped=stopped)
        print(f"{left} entries stay on the list" if left else "the list of repairs is empty")
        return
    if not mart or first is None:
        raise ConfigurationError(f"name a mart (or {ALL}) and its days: clickstream rebuild MART --from 2026-01-31")
    end = last.date() if last else datetime.now(UTC).date()
    rebuild(settings, mart, Days.between(first.date(), end), _print, stopped=stopped)


def _print(progress: Progress) -> None:
    note = f": {progress.note}" if progress.note else ""
    print(f"{progress.server}  {progress.what}  {progress.step}{note}", flush=True)
