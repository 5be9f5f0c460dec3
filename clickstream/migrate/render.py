"""ClickHouse's DDL for one server or for a cluster, out of the same files. ddl/README.md documents the placeholders."""

import re
from dataclasses import dataclass, replace

from clickstream.config.mysql import MySqlAddress
from clickstream.errors import MigrationError
from clickstream.migrate.files import Migration, checksum
from clickstream.migrate.statements import Statement

_PLACEHOLDER = re.compile(r"\$\{(?P<content>[^}]*)\}")
_ENGINE = re.compile(r"engine (?P<family>\w*MergeTree)\((?P<arguments>.*)\)")
_MYSQL = re.compile(r"mysql (?P<use>engine|source) (?P<table>\w+)")
_DIRECTIVES = frozenset({"cluster", "no-cluster", "mysql"})
_REPLICA = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"


@dataclass(frozen=True, slots=True)
class Topology:
    """What the DDL depends on.

    Attributes:
        cluster: name of the cluster in the servers' `remote_servers`; empty: there is none.
        replicated: whether any shard has more than one replica.
        mysql: the database of the dimensions, as the ClickHouse servers reach it; None: there is none.
    """

    cluster: str = ""
    replicated: bool = False
    mysql: MySqlAddress | None = None


def render(migration: Migration, topology: Topology) -> Migration:
    """Fill the placeholders in and drop the statements that are meant for the other kind of topology.

    A numbered file keeps its checksum, a repeatable one gets that of the result: it is applied again when the topology
    changes.

    Raises:
        MigrationError: a placeholder or a directive is unknown.
    """
    statements = tuple(
        replace(statement, text=_fill(statement, migration, topology))
        for statement in migration.statements
        if _wanted(statement, migration, topology)
    )
    if migration.version is not None:
        return replace(migration, statements=statements)
    text = ";\n".join(statement.text for statement in statements)
    return replace(migration, statements=statements, checksum=checksum(text))


def _wanted(statement: Statement, migration: Migration, topology: Topology) -> bool:
    unknown = statement.directives - _DIRECTIVES
    if unknown:
        raise MigrationError(f"{migration.path}, line {statement.line}: there is no directive @{min(unknown)}")
    holds = {"cluster": bool(topology.cluster), "no-cluster": not topology.cluster, "mysql": topology.mysql is not None}
    return all(holds[directive] for directive in statement.directives)


def _fill(statement: Statement, migration: Migration, topology: Topology) -> str:
    def value(match: re.Match[str]) -> str:
        content = match["content"]
        if content == "cluster":
            return _text(topology.cluster)
        if (mysql := _MYSQL.fullmatch(content)) and topology.mysql is not None:
            return _mysql(topology.mysql, mysql["use"], mysql["table"])
        engine = _ENGINE.fullmatch(content)
        if engine is None:
            raise MigrationError(
                f"{migration.path}, line {statement.line}: there is no placeholder {match[0]}; there are ${{cluster}}, "
                "${engine SomeMergeTree(...)} and, behind @mysql, ${mysql engine table} and ${mysql source table}"
            )
        if not topology.replicated:
            return f"{engine['family']}({engine['arguments']})"
        arguments = ", ".join(part for part in (_REPLICA, engine["arguments"]) if part)
        return f"Replicated{engine['family']}({arguments})"

    return _PLACEHOLDER.sub(value, statement.text)


def _mysql(address: MySqlAddress, use: str, table: str) -> str:
    """A table of MySQL as a table engine, or as the source of a dictionary."""
    user, password, database = _text(address.user), _text(address.password), _text(address.database)
    if use == "engine":
        place = _text(f"{address.host}:{address.port}")
        return f"MySQL({place}, {database}, {_text(table)}, {user}, {password})"
    return (
        f"MYSQL(HOST {_text(address.host)} PORT {address.port} USER {user} PASSWORD {password} "
        f"DB {database} TABLE {_text(table)})"
    )


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
