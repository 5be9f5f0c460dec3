"""Questions about what the table holds already. All of them wait until every node concerned has answered.

A job waits for ever, and its rows with it; a command waits for as long as its user has patience.

Where the table is replicated one replica of each shard is asked, after it has caught up; where it is not, every node,
for then nothing says which of them got a row.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clickstream.config.clickhouse import Cluster, Node
from clickstream.errors import ContractError, UnavailableError
from clickstream.names import COLUMN_EPOCH, COLUMN_OFFSET, COLUMN_PARTITION
from clickstream.recent_ids import Hashes, Times
from sinks.clickhouse.batch import Mask, Positions
from sinks.clickhouse.deduplication import WINDOW, remedy, stated_window
from sinks.clickhouse.errors import Code, Meaning, ServerError
from sinks.clickhouse.transport import NodeClient, quoted

logger = logging.getLogger(__name__)

_POSITION = np.dtype([("epoch", "<u4"), ("partition", "<u2"), ("offset", "<u8")])
_ID = np.dtype([("id", "<u8"), ("ms", "<i8")])
_POSITION_SQL = f"toUInt32({COLUMN_EPOCH}), toUInt16({COLUMN_PARTITION}), toUInt64({COLUMN_OFFSET})"
_CREDENTIALS = frozenset({Code.UNKNOWN_USER, Code.WRONG_PASSWORD, Code.REQUIRED_PASSWORD, Code.AUTHENTICATION_FAILED})
# Asking again would not help: nothing changes until somebody changes the settings or the schema.
_CONFIGURATION = _CREDENTIALS | {
    Code.UNKNOWN_TABLE,
    Code.UNKNOWN_DATABASE,
    Code.UNKNOWN_IDENTIFIER,
    Code.ACCESS_DENIED,
}

_INSPECT_SECONDS = 10.0  # it reads nothing but the server's own tables

Stream = tuple[int, int]  # (epoch, partition)


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets first..last (inclusive) of one stream."""

    epoch: int
    partition: int
    first: int
    last: int

    def sql(self) -> str:
        """The condition that a row lies in the range."""
        return (
            f"({COLUMN_EPOCH} = {self.epoch} AND {COLUMN_PARTITION} = {self.partition} "
            f"AND {COLUMN_OFFSET} BETWEEN {self.first} AND {self.last})"
        )


def ranges_of(positions: Positions) -> list[Range]:
    """The smallest range of each stream that covers these positions."""
    return [
        Range(epoch, partition, int(positions.offsets[rows].min()), int(positions.offsets[rows].max()))
        for epoch, partition, rows in positions.streams()
    ]


def condition(ranges: Iterable[Range]) -> str:
    """The condition that a row lies in one of the ranges."""
    return " OR ".join(each.sql() for each in ranges)


class Lookups:
    """Asks the nodes of a cluster about one table.

    `pause(n)` is awaited before the n-th repetition of a question that a node did not answer. With `patience`, a
    question that found no answer for so many seconds raises UnavailableError.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it asks, whom, and for how long
        self,
        cluster: Cluster,
        clients: dict[Node, NodeClient],
        table: str,
        timeout: float,
        pause: Callable[[int], Awaitable[None]],
        patience: float = math.inf,
    ) -> None:
        self._cluster = cluster
        self._clients = clients
        self._table = table
        self._timeout = timeout
        self._pause = pause
        self._patience = patience
        self._replicated = False

    @property
    def replicated(self) -> bool:
        """Whether the table's engine replicates; known after `inspect`."""
        return self._replicated

    async def inspect(self) -> None:
        """Check that every node has the table, with the columns of the ingest position, and that it remembers inserts.

        Raises:
            ContractError: a node has no such table or column, drops no repeated insert, or refuses our credentials.
        """
        engines = await asyncio.gather(*(self.inspect_node(node) for node in self._cluster.nodes))
        self._replicated = all(engine.startswith("Replicated") for engine in engines)

    async def inspect_node(self, node: Node) -> str:
        """Check one node as `inspect` does; the table's engine."""
        name = self._table.replace("\\", "\\\\").replace("'", "\\'")
        wanted = f"'{COLUMN_EPOCH}', '{COLUMN_PARTITION}', '{COLUMN_OFFSET}'"
        sql = (
            "SELECT any(engine), any(engine_full), any(c.n) FROM system.tables t, "
            "(SELECT count() n FROM system.columns WHERE "
            f"database = currentDatabase() AND table = '{name}' AND name IN ({wanted})) c "
            f"WHERE t.database = currentDatabase() AND t.name = '{name}' FORMAT TSV"
        )
        answer = await self._ask_node(node, sql, min(self._timeout, max(self._patience, _INSPECT_SECONDS)))
        engine, engine_full, columns = answer.decode().rstrip("\n").split("\t")
        if not engine:
            raise ContractError(
                f"ClickHouse at {node} has no table {node.database}.{self._table}: run `clickstream migrate`, or name "
                "the local table in CLICKSTREAM_SINK_TABLE"
            )
        if columns != "3":
            raise ContractError(
                f"ClickHouse at {node}: table {node.database}.{self._table} lacks one of the columns {wanted}, without "
                "which rows could be doubled after a restart: run `clickstream migrate`, or add them"
            )
        if engine == "Distributed":
            raise ContractError(
                f"ClickHouse at {node}: {node.database}.{self._table} is a Distributed table; name the local table "
                "beneath it in CLICKSTREAM_SINK_TABLE: the sink routes rows itself"
            )
        if not await self.window(node, engine, engine_full):
            raise ContractError(
                f"ClickHouse at {node}: table {node.database}.{self._table} remembers no inserts, so rows could be "
                f"doubled after a time-out, when an insert is repeated; {remedy(quoted(self._table), engine)}"
            )
        return engine

    async def window(self, node: Node, engine: str, engine_full: str) -> int:
        """How many inserts a table of the node remembers; its engine as system.tables has it."""
        stated = stated_window(engine, engine_full)
        if stated is not None:
            return stated
        sql = f"SELECT value FROM system.merge_tree_settings WHERE name = '{WINDOW}' FORMAT TSV"
        answer = await self._clients[node].query(sql, self._timeout)
        if isinstance(answer, ServerError) and answer.code == Code.ACCESS_DENIED:
            return 0  # the default of the default
        return int(await self._ask_node(node, sql) if isinstance(answer, ServerError) else answer or b"0")

    async def quiesce(self, query_prefix: str) -> None:
        """Wait for inserts of this sink that were running when we began: those of workers that died with theirs.

        Inserts that begin later belong to living workers, which read other partitions than ours.
        """
        sql = (
            "SELECT query_id FROM system.processes WHERE query_kind = 'Insert' "
            f"AND startsWith(query_id, '{query_prefix}') FORMAT TSV"
        )

        async def wait(node: Node) -> None:
            running = set((await self._ask_node(node, sql)).split())
            while running:
                logger.info("%s still runs %d inserts of an earlier attempt: waiting", node, len(running))
                await self._pause(1)
                running &= set((await self._ask_node(node, sql)).split())

        await asyncio.gather(*(wait(node) for node in self._cluster.nodes))

    async def horizons(self, firsts: dict[Stream, int]) -> dict[Stream, int]:
        """The greatest offset at or above `firsts` that any node holds, for each stream that has one."""
        where = condition(Range(epoch, partition, first, 2**63) for (epoch, partition), first in firsts.items())
        sql = (
            f"SELECT toUInt32({COLUMN_EPOCH}), toUInt16({COLUMN_PARTITION}), toUInt64(max({COLUMN_OFFSET})) "
            f"FROM {quoted(self._table)} WHERE {where} GROUP BY {COLUMN_EPOCH}, {COLUMN_PARTITION} FORMAT RowBinary"
        )
        greatest: dict[Stream, int] = {}
        for epoch, partition, offset in (await self._ask_all(sql)).tolist():
            stream = (epoch, partition)
            greatest[stream] = max(offset, greatest.get(stream, 0))
        return greatest

    async def present(self, positions: Positions) -> Mask:
        """Which of the positions some node holds."""
        return _mask(positions, await self._ask_all(self._present_sql(positions)))

    async def try_present(self, positions: Positions, node: Node, query_id: str) -> Mask | ServerError:
        """Which of the positions one node holds; asked once. A replica catches up first.

        As long as the node runs the insert with this query_id the answer would be out of date at once: then an error.
        """
        running = await self._clients[node].query(
            f"SELECT count() FROM system.processes WHERE query_id = '{query_id}' FORMAT TSV", self._timeout
        )
        if isinstance(running, ServerError):
            return running
        if running != b"0\n":
            return ServerError(0, f"{node} still runs the insert", Meaning.RETRY, applied=True)
        if self._replicated:
            synced = await self._sync(node)
            if isinstance(synced, ServerError):
                return synced
        answer = await self._clients[node].query(self._present_sql(positions), self._timeout)
        if isinstance(answer, ServerError):
            return answer
        return _mask(positions, np.frombuffer(answer, _POSITION))

    def _present_sql(self, positions: Positions) -> str:
        return (
            f"SELECT {_POSITION_SQL} FROM {quoted(self._table)} WHERE {condition(ranges_of(positions))} "
            "FORMAT RowBinary"
        )

    async def ids_in(self, column: str, time_column: str, where: Range, oldest_ms: int) -> tuple[Hashes, Times]:
        """The ids in a range of offsets that are no older than `oldest_ms`.

        Args:
            column: a string column.
            time_column: a DateTime64 column.
            where: the range.
            oldest_ms: in ms since 1970.

        Returns:
            For each row XXH3 (64 bits) of its id, and its time in ms: shapes (n,), in no particular order.
        """
        sql = (
            f"SELECT xxh3({quoted(column)}), toUnixTimestamp64Milli({quoted(time_column)}) AS ms "
            f"FROM {quoted(self._table)} WHERE {where.sql()} AND ms >= {oldest_ms} FORMAT RowBinary"
        )
        answers = await asyncio.gather(*(self._ask_shard(nodes, sql) for nodes in self._askable()))
        found = np.concatenate([np.frombuffer(answer, _ID) for answer in answers])
        return found["id"], found["ms"]

    async def held_ids(  # noqa: PLR0913, PLR0917 - two columns, and what is looked for in them
        self, column: str, time_column: str, stream: Stream, hashes: Hashes, oldest_ms: int, newest_ms: int
    ) -> tuple[Hashes, Times]:
        """Where stored rows of one stream, at any position, have one of these ids.

        Args:
            column: a string column; `hashes` are XXH3 (64 bits) of its values.
            time_column: a DateTime64 column; only rows from `oldest_ms` to `newest_ms` (inclusive) are looked at.
            stream: the epoch and partition that is looked at.
            hashes: of the ids.
            oldest_ms: in ms since 1970.
            newest_ms: likewise.

        Returns:
            For each such row its hash, and its time in ms: shapes (n,), in no particular order.
        """
        epoch, partition = stream
        wanted = ", ".join(map(str, hashes.tolist()))
        sql = (
            f"SELECT DISTINCT xxh3({quoted(column)}) AS id, toUnixTimestamp64Milli({quoted(time_column)}) AS ms "
            f"FROM {quoted(self._table)} WHERE {COLUMN_EPOCH} = {epoch} AND {COLUMN_PARTITION} = {partition} "
            f"AND id IN ({wanted}) AND ms BETWEEN {oldest_ms} AND {newest_ms} FORMAT RowBinary"
        )
        answers = await asyncio.gather(*(self._ask_shard(nodes, sql) for nodes in self._askable()))
        found = np.concatenate([np.frombuffer(answer, _ID) for answer in answers])
        return found["id"], found["ms"]

    async def count(self) -> int:
        """Rows in the table, over all shards."""
        sql = f"SELECT count() FROM {quoted(self._table)} FORMAT TSV"
        return sum(map(int, await asyncio.gather(*(self._ask_shard(nodes, sql) for nodes in self._askable()))))

    def _askable(self) -> list[tuple[Node, ...]]:
        """Groups of nodes; one answer of each group is the whole answer."""
        if self._replicated:
            return [shard.replicas for shard in self._cluster.shards]
        return [(node,) for node in self._cluster.nodes]

    async def _ask_all(self, sql: str) -> npt.NDArray[np.void]:
        answers = await asyncio.gather(*(self._ask_shard(nodes, sql) for nodes in self._askable()))
        return np.concatenate([np.frombuffer(answer, _POSITION) for answer in answers])

    async def _ask_shard(self, nodes: tuple[Node, ...], sql: str) -> bytes:
        if not self._replicated:
            return await self._ask_node(nodes[0], sql)
        attempt, began = 0, _now()
        while True:
            for node in nodes:
                answer = await self._sync(node)
                if not isinstance(answer, ServerError):
                    answer = await self._clients[node].query(sql, self._timeout)
                    if not isinstance(answer, ServerError):
                        return answer
                self._require_sense(node, answer)
                last = (node, answer)
            self._require_patience(*last, began)
            attempt += 1
            await self._pause(attempt)

    async def _sync(self, node: Node) -> bytes | ServerError:
        return await self._clients[node].query(f"SYSTEM SYNC REPLICA {quoted(self._table)} LIGHTWEIGHT", self._timeout)

    async def _ask_node(self, node: Node, sql: str, timeout: float | None = None) -> bytes:
        attempt, began = 0, _now()
        while True:
            answer = await self._clients[node].query(sql, timeout or self._timeout)
            if not isinstance(answer, ServerError):
                return answer
            self._require_sense(node, answer)
            self._require_patience(node, answer, began)
            attempt += 1
            await self._pause(attempt)

    def _require_patience(self, node: Node, error: ServerError, began: float) -> None:
        if _now() - began >= self._patience:
            raise UnavailableError(
                f"ClickHouse at {node} does not answer ({error.name}): start it, or correct "
                "CLICKSTREAM_CLICKHOUSE_URLS (`clickstream status` shows the devstack's servers)"
            )
        logger.warning("%s did not answer a look-up (%s): asking again", node, error.name)

    def _require_sense(self, node: Node, error: ServerError) -> None:
        """Raise where asking again makes no sense."""
        if error.code in _CREDENTIALS:
            raise ContractError(
                f"ClickHouse at {node} refuses user {node.user!r} ({error.name}): correct CLICKSTREAM_CLICKHOUSE_URLS"
            )
        if error.code == Code.UNKNOWN_DATABASE:
            raise ContractError(
                f"ClickHouse at {node} has no database {node.database}: run `clickstream migrate`, or correct "
                "CLICKSTREAM_CLICKHOUSE_URLS"
            )
        if error.code in _CONFIGURATION:
            raise ContractError(
                f"ClickHouse at {node} refuses a look-up in {node.database}.{self._table}: {error.message}"
            )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _mask(positions: Positions, rows: npt.NDArray[np.void]) -> Mask:
    mask = np.zeros(len(positions), dtype=np.bool_)
    for epoch, partition, indices in positions.streams():
        held = rows["offset"][(rows["epoch"] == epoch) & (rows["partition"] == partition)]
        mask[indices] = np.isin(positions.offsets[indices], held)
    return mask
