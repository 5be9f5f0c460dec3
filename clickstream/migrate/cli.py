"""`clickstream migrate`."""

import logging
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from clickstream.config import ClickHouseSettings, DimensionSettings, KafkaSettings, ServerSettings, resolve
from clickstream.config.mysql import parse_mysql_url
from clickstream.dimensions.tls import tls_context
from clickstream.errors import ConfigurationError
from clickstream.migrate.clickhouse import migrate_clickhouse
from clickstream.migrate.files import ddl_directory
from clickstream.migrate.kafka import migrate_kafka
from clickstream.migrate.mysql import migrate_mysql
from clickstream.migrate.on_cluster import script_on_cluster
from clickstream.migrate.outcome import Outcome, Report, State

SERVERS = ("clickhouse", "mysql", "kafka")
_STYLES = {
    State.APPLIED: "green",
    State.ALTERED: "green",
    State.PENDING: "cyan",
    State.WOULD_ALTER: "cyan",
    State.WARNING: "bold yellow",
    State.SKIPPED: "dim",
    State.PRESENT: "dim",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("migrate")
    def migrate(
        only: Annotated[str, typer.Option(help="Which servers: clickhouse,mysql,kafka.")] = "",
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, change nothing.")] = False,
        render_cluster: Annotated[
            str, typer.Option(metavar="CLUSTER", help="Change nothing, print ClickHouse's DDL for this cluster.")
        ] = "",
        database: Annotated[str, typer.Option(help="With --render-cluster: the database on every server.")] = "default",
    ) -> None:
        """Bring ClickHouse, MySQL and Kafka to what ddl/ describes. It can be repeated at any time."""
        if render_cluster:
            print(script_on_cluster(ddl_directory(resolve(ServerSettings).ddl_dir), render_cluster, database), end="")
            return
        # It logs its own line about a server that does not answer; our error says it better.
        logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
        outcomes: list[Outcome] = []
        try:
            run(only, dry_run=dry_run, report=outcomes.append)
        finally:
            if outcomes:
                Console(highlight=False).print(shown(outcomes, dry_run=dry_run))


def run(only: str, *, dry_run: bool, report: Report) -> None:
    """Migrate the servers that the environment names.

    Args:
        only: names out of SERVERS, comma-separated; empty: all, MySQL only where its address is set.
        dry_run: change nothing.
        report: called for each thing that was done.

    Raises:
        ConfigurationError: a name or a setting is wrong. Raised before anything is changed.
        MigrationError: see `migrate_clickhouse`, `migrate_mysql` and `migrate_kafka`.
        UnavailableError: a server does not answer.
    """
    chosen = _chosen(only)
    servers = resolve(ServerSettings)
    ddl = ddl_directory(servers.ddl_dir)
    clickhouse = resolve(ClickHouseSettings) if "clickhouse" in chosen else None
    kafka = resolve(KafkaSettings) if "kafka" in chosen else None
    if "mysql" in chosen and only and not servers.mysql_url:
        raise ConfigurationError("CLICKSTREAM_MYSQL_URL is not set: mysql://user:password@host:3306/database")
    if clickhouse:
        mysql = parse_mysql_url(servers.mysql_url) if servers.mysql_url else None
        migrate_clickhouse(clickhouse, ddl, mysql=mysql, dry_run=dry_run, report=report)
    if "mysql" in chosen:
        if servers.mysql_url:
            dimensions = resolve(DimensionSettings)
            tls = tls_context(dimensions.tls, dimensions.tls_ca)
            migrate_mysql(servers.mysql_url, ddl, tls, dry_run=dry_run, report=report)
        else:
            report(Outcome("MySQL", "dimensions", State.SKIPPED, "CLICKSTREAM_MYSQL_URL is not set"))
    if kafka:
        migrate_kafka(kafka, ddl, dry_run=dry_run, report=report)


def shown(outcomes: list[Outcome], *, dry_run: bool) -> Group:
    """What was done, for a terminal of any width: each server once, beneath it what was done there."""
    width = max(len(outcome.what) for outcome in outcomes)
    parts: list[Text | Table] = [Text("Dry run: nothing was changed", style="italic")] if dry_run else []
    for server, group in groupby(outcomes, key=lambda outcome: outcome.server):
        parts.append(Text(server, style="bold"))
        lines = Table(box=None, show_header=False, padding=(0, 0, 0, 2), pad_edge=True)
        lines.add_column(min_width=width, no_wrap=True)
        lines.add_column(overflow="fold")
        for outcome in group:
            result = f"{outcome.state}: {outcome.note}" if outcome.note else str(outcome.state)
            lines.add_row(Text(outcome.what), Text(result, style=_STYLES[outcome.state]))
        parts.append(lines)
    return Group(*parts)


def _chosen(only: str) -> tuple[str, ...]:
    if not only:
        return SERVERS
    chosen = tuple(name.strip() for name in only.split(","))
    for name in chosen:
        if name not in SERVERS:
            raise ConfigurationError(f"--only names {name!r}: there are {', '.join(SERVERS)}")
    return chosen
