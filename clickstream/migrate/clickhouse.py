"""Migrations of ClickHouse, on every server that the setting names, one after the other.

There is no lock between two migrations: every statement can be repeated, and the table of applied migrations replaces
equal rows, so both end in the same state.
"""

from datetime import UTC, datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from clickstream import names
from clickstream.clickhouse_client import connected
from clickstream.config.clickhouse import ClickHouseSettings, Node
from clickstream.config.mysql import MySqlAddress
from clickstream.errors import ConfigurationError, MigrationError
from clickstream.migrate.files import Migration, read_migrations
from clickstream.migrate.outcome import Outcome, Report, State, silent
from clickstream.migrate.plan import Applied, pending
from clickstream.migrate.render import Topology, render

_LEDGER = f"""
CREATE TABLE IF NOT EXISTS {names.TABLE_MIGRATIONS}
(
    name String COMMENT 'File without its ending',
    version UInt32 COMMENT 'Its number; 0 for a repeatable file',
    checksum String COMMENT 'SHA-256 of what was applied',
    applied_at DateTime64(3, 'UTC') COMMENT 'When'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
COMMENT 'Migrations that were applied to this server; kept on each one by itself'
"""


def migrate_clickhouse(
    settings: ClickHouseSettings,
    ddl: Path,
    *,
    mysql: MySqlAddress | None = None,
    dry_run: bool = False,
    report: Report = silent,
) -> None:
    """Apply `ddl`/clickhouse to every server.

    Args:
        settings: the servers. With several replicas in a shard, tables are of the Replicated kind.
        ddl: the folder ddl.
        mysql: the database whose tables are mapped, as the servers reach it; None: none is.
        dry_run: only report what would be applied.
        report: called for every file and server, as it is done.

    Raises:
        MigrationError: a statement failed (names server, file and statement), or files contradict what was applied.
        ConfigurationError: a server has no such cluster or refuses the credentials.
        UnavailableError: a server does not answer.
    """
    shards = settings.cluster.shards
    topology = Topology(settings.cluster_name, any(len(shard.replicas) > 1 for shard in shards), mysql)
    migrations = [render(migration, topology) for migration in read_migrations(ddl / "clickhouse")]
    for node in settings.cluster.nodes:
        with connected(
            node,
            connect_seconds=settings.connect_timeout,
            answer_seconds=settings.query_timeout,
            refused=MigrationError,
        ) as client:
            _check_cluster(client, node, topology)
            _migrate_node(client, node, migrations, dry_run, report)
            if topology.replicated:
                _check_replicated(client, node)
    if len(shards) > 1 and not topology.cluster:
        report(
            Outcome(
                "ClickHouse",
                names.TABLE_BEHAVIORS,
                State.WARNING,
                f"there are {len(shards)} shards and no CLICKSTREAM_CLICKHOUSE_CLUSTER_NAME: on each server it shows "
                "that server's rows alone",
            )
        )


def _migrate_node(client: Client, node: Node, migrations: list[Migration], dry_run: bool, report: Report) -> None:
    exists = bool(client.command("EXISTS DATABASE {name:Identifier}", parameters={"name": node.database}))
    if not exists and not dry_run:
        client.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": node.database})
    if exists or not dry_run:
        client.database = node.database
    applied = _applied(client, node) if exists else {}
    needed = {migration.name for migration in pending(migrations, applied, str(node))}
    if needed and not dry_run:
        client.command(_LEDGER)
    for migration in migrations:
        if migration.name not in needed:
            state = State.PRESENT
        elif dry_run:
            state = State.PENDING
        else:
            state = State.APPLIED
            _apply(client, node, migration)
        report(Outcome(f"ClickHouse {node}", migration.name, state))


def _applied(client: Client, node: Node) -> dict[str, Applied]:
    ledger = {"database": node.database, "table": names.TABLE_MIGRATIONS}
    if not client.command("EXISTS TABLE {database:Identifier}.{table:Identifier}", parameters=ledger):
        return {}
    rows = client.query(
        "SELECT name, version, checksum, applied_at FROM {database:Identifier}.{table:Identifier} FINAL",
        parameters=ledger,
    ).result_rows
    return {name: Applied(name, version or None, digest, when) for name, version, digest, when in rows}


def _apply(client: Client, node: Node, migration: Migration) -> None:
    for statement in migration.statements:
        try:
            client.command(statement.text)
        except OperationalError:
            raise  # the server was lost: said by `connected`
        except DatabaseError as error:
            raise MigrationError(
                f"{migration.path}, line {statement.line}, failed on {node}: {error}; the statement begins "
                f"{statement.text.splitlines()[0]!r}. Nothing of this file counts as applied: mend the cause, then run "
                "the migration again"
            ) from error
    client.insert(
        names.TABLE_MIGRATIONS,
        [[migration.name, migration.version or 0, migration.checksum, datetime.now(UTC)]],
        column_names=["name", "version", "checksum", "applied_at"],
        settings={"async_insert": 0},  # on by default in new servers: it could be acknowledged and then lost
    )


def _check_cluster(client: Client, node: Node, topology: Topology) -> None:
    if not topology.cluster:
        return
    known = sorted({row[0] for row in client.query("SELECT cluster FROM system.clusters").result_rows})
    if topology.cluster not in known:
        raise ConfigurationError(
            f"CLICKSTREAM_CLICKHOUSE_CLUSTER_NAME is {topology.cluster!r}, but {node} knows "
            f"{', '.join(known) or 'no cluster'}: name one of them, or add it to the server's remote_servers"
        )


def _check_replicated(client: Client, node: Node) -> None:
    """A table made while its shard had one replica stays on that replica alone: a second one would miss its rows."""
    tables = client.query(
        "SELECT name FROM system.tables WHERE database = {database:String} AND name != {ledger:String} "
        "AND engine LIKE '%MergeTree' AND engine NOT LIKE 'Replicated%' AND engine NOT LIKE 'Shared%' ORDER BY name",
        parameters={"database": node.database, "ledger": names.TABLE_MIGRATIONS},
    ).result_rows
    if tables:
        raise MigrationError(
            f"CLICKSTREAM_CLICKHOUSE_URLS names several replicas of a shard, but on {node} these tables are not "
            f"replicated: {', '.join(row[0] for row in tables)}; convert them (ATTACH TABLE ... AS REPLICATED), then "
            "run the migration again"
        )
