"""What to do when a materialised view broke behind an insert: the rows are in the table, the view lacks the batch.

The days concerned are noted in a table on the node: those for which the views must be rebuilt. And the rows
that break the view are found, for its owner to see: its own query is run over ever smaller parts of the batch.
"""

import logging
import re
from collections.abc import Awaitable, Callable

import numpy as np

from clickstream.config.clickhouse import Node
from sinks.clickhouse.batch import Batch, Positions
from sinks.clickhouse.errors import ServerError
from sinks.clickhouse.lookups import condition, ranges_of
from sinks.clickhouse.transport import quoted

logger = logging.getLogger(__name__)

Query = Callable[[Node, str], Awaitable[bytes | ServerError]]
MOST_CULPRITS = 100


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
        select = await self._select_of(node, view)
        if select is None:
            return []
        found: list[int] = []
        pending = [np.arange(len(batch))]
        while pending and len(found) < MOST_CULPRITS:
            rows = pending.pop()
            if not await self._breaks(node, select, batch.positions.take(rows)):
                continue
            if len(rows) == 1:
                found.append(int(rows[0]))
            else:
                pending += [rows[len(rows) // 2 :], rows[: len(rows) // 2]]
        return found

    async def _select_of(self, node: Node, view: str) -> str | None:
        database, _, name = view.replace("`", "").rpartition(".")
        where = f"database = '{database}'" if database else "database = currentDatabase()"
        answer = await self._query(
            node, f"SELECT as_select FROM system.tables WHERE {where} AND name = '{name}' FORMAT TSVRaw"
        )
        if isinstance(answer, ServerError) or not answer.strip():
            return None
        return answer.decode().strip()

    async def _breaks(self, node: Node, select: str, positions: Positions) -> bool:
        table = re.escape(self._table)
        reference = re.compile(rf"(?<![\w`.])(?:`?\w+`?\.)?`?{table}`?(?![\w`])")
        rows = f"(SELECT * FROM {quoted(self._table)} WHERE {rows_sql(positions)}) AS {quoted(self._table)}"
        query = reference.sub(lambda _: rows, select, count=1)
        answer = await self._query(node, f"SELECT * FROM ({query}) FORMAT Null")
        return isinstance(answer, ServerError)
