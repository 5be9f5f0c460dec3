"""What the ClickHouse nodes hold, asked on each of them."""

from types import TracebackType
from typing import Any, Self

import clickhouse_connect
import numpy as np
import numpy.typing as npt
from clickhouse_connect.driver.client import Client

from clickstream.config.clickhouse import Node
from clickstream.names import TABLE_BEHAVIORS_LOCAL

Position = np.dtype([("epoch", "<u4"), ("partition", "<u2"), ("offset", "<u8")])
Positions = npt.NDArray[np.void]


def connect(node: Node, database: str | None = None) -> Client:
    """A client of one node."""
    return clickhouse_connect.get_client(
        host=node.host,
        port=node.port,
        username=node.user,
        password=node.password,
        database=database or node.database,
        autogenerate_session_id=False,
        send_receive_timeout=120,
    )


class Nodes:
    """One database on every node."""

    def __init__(self, nodes: tuple[Node, ...], database: str) -> None:
        self.database = database
        self.clients = [connect(node, database) for node in nodes]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self.clients:
            client.close()

    def command(self, sql: str) -> None:
        """Run a statement on every node."""
        for client in self.clients:
            client.command(sql)

    def drop(self) -> None:
        """Drop the database on every node."""
        self.command(f"DROP DATABASE IF EXISTS {self.database} SYNC")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A query's rows, of all nodes one after another."""
        return [tuple(row) for client in self.clients for row in client.query(sql).result_rows]

    def total(self, sql: str) -> int:
        """The sum over all nodes of a query's single number."""
        return sum(int(row[0]) for row in self.rows(sql))

    def count(self, table: str = TABLE_BEHAVIORS_LOCAL) -> int:
        """Rows of a table on all nodes."""
        return self.total(f"SELECT count() FROM {table}")

    def sums(self, sql: str) -> dict[tuple[Any, ...], int]:
        """A query's last column, added up over all nodes by the columns before it."""
        added: dict[tuple[Any, ...], int] = {}
        for *key, value in self.rows(sql):
            added[tuple(key)] = added.get(tuple(key), 0) + int(value)
        return added

    def positions(self, table: str = TABLE_BEHAVIORS_LOCAL) -> Positions:
        """The ingest position of every row on every node, shape (rows,): more than one node may have the same."""
        sql = (
            "SELECT toUInt32(_epoch), toUInt16(_partition), toUInt64(_offset) "
            f"FROM {self.database}.{table} FORMAT RowBinary"
        )
        return np.concatenate([np.frombuffer(client.raw_query(sql), Position) for client in self.clients])
