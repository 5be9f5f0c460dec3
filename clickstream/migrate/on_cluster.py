"""The same DDL for whoever applies it to a whole cluster by other means than `clickstream migrate`.

Every statement says ON CLUSTER, every MergeTree engine is of its Replicated kind, and what queries name are Distributed
tables over all shards.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from clickstream.errors import MigrationError
from clickstream.migrate.files import read_migrations
from clickstream.migrate.render import Topology, render

_OBJECT = re.compile(
    r"(?:CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW|DICTIONARY)(?: IF NOT EXISTS)?|ALTER TABLE) \w+"
)
_DATABASE = re.compile(r"\bcurrentDatabase\(\)")


def statements_on_cluster(ddl: Path, cluster: str, database: str) -> Iterator[tuple[str, str]]:
    """Every statement for a cluster, in order and without its semicolon, behind the name of the file it comes from.

    Tables that map MySQL are left out: they hold its password.

    Args:
        ddl: the folder ddl.
        cluster: its name in the servers' `remote_servers`.
        database: on every server; the statements are to be run with it as the current one.

    Raises:
        MigrationError: a statement is of a kind that could not be rendered.
    """
    on_cluster = f" ON CLUSTER {_text(cluster)}"
    yield "database", f"CREATE DATABASE IF NOT EXISTS `{database}`{on_cluster}"
    for migration in read_migrations(ddl / "clickhouse"):
        for statement in render(migration, Topology(cluster, replicated=True)).statements:
            found = _OBJECT.match(statement.text)
            if found is None:
                raise MigrationError(
                    f"{migration.path}, line {statement.line}: this kind of statement can't be rendered for a cluster: "
                    f"{statement.text.splitlines()[0]!r}"
                )
            text = found[0] + on_cluster + statement.text[found.end() :]
            # A server that carries a statement out for the cluster has a current database of its own.
            yield migration.name, _DATABASE.sub(_text(database), text)


def script_on_cluster(ddl: Path, cluster: str, database: str) -> str:
    """All of them as one script for clickhouse-client."""
    lines = [
        f"-- The tables of clickstream for the cluster {cluster}. Run it on any one of its servers, and again after an",
        "-- upgrade: every statement can be repeated. Each server's macros must define {shard} and {replica}.",
        f"-- Run the first statement by itself, the others with {database} as the current database.",
    ]
    last = ""
    for name, text in statements_on_cluster(ddl, cluster, database):
        if name != last:
            lines += ["", f"-- {name}"]
            last = name
        lines.append(f"{text};")
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
