"""What to do when a materialised view broke behind an insert: the rows are in the table, the view lacks the batch.

The days concerned are noted in a table on the node: those for which the views must be rebuilt. And the rows
that break the view are found, for its owner to see: its own query is run over ever smaller parts of the batch, into a
temporary twin of the table that the view writes to, which has that table's columns and constraints and keeps nothing.
"""

import logging
import re
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np

from clickstream.config.clickhouse import Node
from sinks.clickhouse.batch import Batch, Positions
from sinks.clickhouse.errors import Meaning, ServerError
from sinks.clickhouse.lookups import condition, ranges_of
from sinks.clickhouse.targets import TARGET
from sinks.clickhouse.transport import quoted

logger = logging.getLogger(__name__)

MOST_CULPRITS = 100
_TWIN = "clickstream_twin"


class Query(Protocol):
    """Runs one statement on a node; those of one session see each other's temporary tables."""

    def __call__(self, node: Node, sql: str, session: str = "") -> Awaitable[bytes | ServerError]:
        """The answer, or why there is none."""


class _Answer(msgspec.Struct):
    """Of FORMAT JSONCompact the rows."""

    data: list[tuple[str, str, list[str]]]


@dataclass(frozen=True, slots=True)
class _Trial:
    """How to find out whether a view takes some rows."""

    select: str  # the view's query
    columns: str = ""  # of its result, for the twin of its target; empty: there is no twin
    session: str = ""


def rows_sql(positions: Positions) -> str:
    """The condition that a row is one of these, for a table that holds other rows within the same ranges."""
    offsets = ", ".join(map(str, positions.offsets.tolist()))
    return f"({condition(ranges_of(positions))}) AND _offset IN ({offsets})"


class Views:
    """Looks into the materialised views behind one table."""

    def __init__(self, table: str, repairs: str | None, query: Query) -> None:
        self._table = table
        self._repairs = repairs
        self._query = query

    async def note_repairs(self, node: Node, batch: Batch, cause: str) -> bool:
        """Put the days of these stored rows on the node's list of repairs. False: it could not be done."""
        logger.warning("%d rows found on %s by a look-up (%s): views may lack them", len(batch), node, cause)
        if self._repairs is None:
            return True
        text = cause.replace("\\", "\\\\").replace("'", "\\'")
        answer = await self._query(
            node,
            f"INSERT INTO {quoted(self._repairs)} (date, cause) SELECT DISTINCT date, '{text}' "
            f"FROM {quoted(self._table)} WHERE {rows_sql(batch.positions)}",
        )
        if isinstance(answer, ServerError):
            logger.error("%s did not take the days to be repaired (%s)", node, answer.name)
            return False
        return True

    async def culprits(self, node: Node, view: str, batch: Batch) -> list[int]:
        """Which rows of a stored batch break the view, as indices; none where its query can't be run again.

        Each of at most MOST_CULPRITS rows costs about two queries for each halving of the batch.
        """
        trial = await self._trial_of(node, view)
        if trial is None:
            return []
        found: list[int] = []
        pending = [np.arange(len(batch))]
        while pending and len(found) < MOST_CULPRITS:
            rows = pending.pop()
            if not await self._breaks(node, trial, batch.positions.take(rows)):
                continue
            if len(rows) == 1:
                found.append(int(rows[0]))
            else:
                pending += [rows[len(rows) // 2 :], rows[: len(rows) // 2]]
        return found

    async def _trial_of(self, node: Node, view: str) -> _Trial | None:
        """None: the view is not there any more."""
        database, _, name = view.replace("`", "").rpartition(".")
        where = f"database = '{database}'" if database else "database = currentDatabase()"
        found = await self._query(
            node,
            f"SELECT as_select, create_table_query, (SELECT groupArray(name) FROM system.columns WHERE {where} "
            f"AND table = '{name}') FROM system.tables WHERE {where} AND name = '{name}' FORMAT JSONCompact",
        )
        if isinstance(found, ServerError):
            return None
        rows = msgspec.json.decode(found, type=_Answer).data
        if not rows or not rows[0][0]:
            return None
        select, create, columns = rows[0]
        target = TARGET.match(create)
        if target is None:
            return _Trial(select)  # its table is its own: made of the query, so it takes what that gives
        session = uuid.uuid4().hex
        twin = await self._query(node, f"CREATE TEMPORARY TABLE {_TWIN} AS {target[1]} ENGINE = Null", session)
        if isinstance(twin, ServerError):
            return _Trial(select)
        return _Trial(select, ", ".join(map(quoted, columns)), session)

    async def _breaks(self, node: Node, trial: _Trial, positions: Positions) -> bool:
        table = re.escape(self._table)
        reference = re.compile(rf"(?<![\w`.])(?:`?\w+`?\.)?`?{table}`?(?![\w`])")
        rows = f"(SELECT * FROM {quoted(self._table)} WHERE {rows_sql(positions)}) AS {quoted(self._table)}"
        query = reference.sub(lambda _: rows, trial.select, count=1)
        if trial.columns:
            sql = f"INSERT INTO {_TWIN} ({trial.columns}) SELECT {trial.columns} FROM ({query})"
        else:
            sql = f"SELECT * FROM ({query}) FORMAT Null"
        answer = await self._query(node, sql, trial.session)
        return isinstance(answer, ServerError) and answer.meaning is Meaning.DATA
