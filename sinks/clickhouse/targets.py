"""The tables that materialised views behind a table write to."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import msgspec

from sinks.clickhouse.transport import quoted

_NAME = r"(?:`(?:[^`\\]|\\.)+`|[^\s`.(]+)"
_VIEW = rf"^CREATE MATERIALIZED VIEW {_NAME}(?:\.{_NAME})? (?:UUID '[^']*' )?"
TARGET = re.compile(rf"{_VIEW}TO ({_NAME}(?:\.{_NAME})?)")
_PARTS = re.compile(_NAME)
_REFRESHED = re.compile(rf"{_VIEW}REFRESH ")


@dataclass(frozen=True, slots=True)
class Target:
    """A table that a view writes to, with its engine as system.tables has it."""

    view: str
    database: str
    table: str
    engine: str
    engine_full: str

    @property
    def sql(self) -> str:
        """Its name in a statement."""
        return f"{quoted(self.database)}.{quoted(self.table)}"


class _Views(msgspec.Struct):
    data: list[tuple[str, str, str, str]]


class _Tables(msgspec.Struct):
    data: list[tuple[str, str]]


async def targets(ask: Callable[[str], Awaitable[bytes]], database: str, table: str) -> AsyncIterator[Target]:
    """The targets of the views behind a table, and of those behind these; refreshable views wait for no insert.

    Args:
        ask: runs a statement.
        database: of the table.
        table: its name.
    """
    pending, seen = [(database, table)], {(database, table)}
    while pending:
        of = _where(*pending.pop())
        found = await ask(
            "SELECT database, name, toString(uuid), create_table_query FROM system.tables WHERE engine = "
            "'MaterializedView' AND (database, name) IN (SELECT arrayJoin(arrayZip(dependencies_database, "
            f"dependencies_table)) FROM system.tables WHERE {of}) FORMAT JSONCompact"
        )
        for holds, view, uuid, create in msgspec.json.decode(found, type=_Views).data:
            if _REFRESHED.match(create):
                continue
            target = _target(holds, uuid, create)
            if target in seen:
                continue
            seen.add(target)
            pending.append(target)
            told = await ask(
                f"SELECT engine, engine_full FROM system.tables WHERE {_where(*target)} FORMAT JSONCompact"
            )
            for engine, engine_full in msgspec.json.decode(told, type=_Tables).data:
                yield Target(view, *target, engine, engine_full)


def _target(database: str, uuid: str, create: str) -> tuple[str, str]:
    """Database and table that a view writes to: what it names, else the table inside of it."""
    named = TARGET.match(create)
    if named is None:
        return database, f".inner_id.{uuid}"
    parts = [re.sub(r"\\(.)", r"\1", part.strip("`")) for part in _PARTS.findall(named[1])]
    return (parts[0], parts[1]) if len(parts) > 1 else (database, parts[0])


def _where(database: str, table: str) -> str:
    return f"database = {_text(database)} AND name = {_text(table)}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
