"""ClickHouse's DDL for one server or for a cluster, out of the same files. ddl/README.md documents the placeholders."""

import re
from dataclasses import dataclass, replace

from clickstream.errors import MigrationError
from clickstream.migrate.files import Migration, checksum
from clickstream.migrate.statements import Statement

_PLACEHOLDER = re.compile(r"\$\{(?P<content>[^}]*)\}")
_ENGINE = re.compile(r"engine (?P<family>\w*MergeTree)\((?P<arguments>.*)\)")
_DIRECTIVES = frozenset({"cluster", "no-cluster"})
_REPLICA = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"


@dataclass(frozen=True, slots=True)
class Topology:
    """What the DDL depends on.

    Attributes:
        cluster: name of the cluster in the servers' `remote_servers`; empty: there is none.
        replicated: whether any shard has more than one replica.
    """

    cluster: str = ""
    replicated: bool = False


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
    return not statement.directives or ("cluster" if topology.cluster else "no-cluster") in statement.directives


def _fill(statement: Statement, migration: Migration, topology: Topology) -> str:
    def value(match: re.Match[str]) -> str:
        content = match["content"]
        if content == "cluster":
            return "'" + topology.cluster.replace("\\", "\\\\").replace("'", "\\'") + "'"
        engine = _ENGINE.fullmatch(content)
        if engine is None:
            raise MigrationError(
                f"{migration.path}, line {statement.line}: there is no placeholder {match[0]}; there are ${{cluster}} "
                "and ${engine SomeMergeTree(...)}"
            )
        if not topology.replicated:
            return f"{engine['family']}({engine['arguments']})"
        arguments = ", ".join(part for part in (_REPLICA, engine["arguments"]) if part)
        return f"Replicated{engine['family']}({arguments})"

    return _PLACEHOLDER.sub(value, statement.text)
