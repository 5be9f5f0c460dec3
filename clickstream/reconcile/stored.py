"""What the shards of a table hold, by ingest position."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from clickstream.config.clickhouse import Cluster, Node
from clickstream.errors import ClickstreamError, ConfigurationError, ContractError, UnavailableError
from clickstream.reconcile.topic import Span

_AUTHENTICATION_FAILED = 516
_OS_ERROR = re.compile(r"\[Errno -?\d+\] [^'\")]+")


class Stored:
    """Asks the first replica of each shard. Call close.

    Every question raises UnavailableError when a shard does not answer, and ContractError when it refuses.
    """

    def __init__(self, cluster: Cluster, table: str) -> None:
        """Connect.

        Raises:
            UnavailableError: a shard does not answer.
            ConfigurationError: it refuses our credentials.
        """
        self._table = table
        self._clients = {shard.replicas[0]: _client(shard.replicas[0]) for shard in cluster.shards}

    def close(self) -> None:
        """Disconnect."""
        for client in self._clients.values():
            client.close()

    def count(self, epoch: int, spans: list[Span]) -> int:
        """Rows in the spans."""
        sql = f"SELECT count() FROM {self._table} WHERE {_condition(spans)}"
        return sum(int(rows[0][0]) for rows in self._ask(sql, {"epoch": epoch}))

    def actions(self, epoch: int, spans: list[Span]) -> Counter[str]:
        """Rows in the spans by action_type."""
        sql = f"SELECT toString(action_type), count() FROM {self._table} WHERE {_condition(spans)} GROUP BY action_type"
        found: Counter[str] = Counter()
        for rows in self._ask(sql, {"epoch": epoch}):
            found.update({str(action): int(count) for action, count in rows})
        return found

    def positions(self, epoch: int, spans: list[Span]) -> tuple[set[tuple[int, int]], int]:
        """The (partition, offset) pairs in the spans, and the number of rows that have them."""
        sql = f"SELECT _partition, _offset FROM {self._table} WHERE {_condition(spans)}"
        found: set[tuple[int, int]] = set()
        rows = 0
        for part in self._ask(sql, {"epoch": epoch}):
            rows += len(part)
            found.update((int(partition), int(offset)) for partition, offset in part)
        return found, rows

    def first_positions(self, epoch: int, event_ids: Collection[str]) -> dict[str, dict[int, int]]:
        """For each of the event_ids that is stored: the least offset in each partition that has it."""
        firsts: dict[str, dict[int, int]] = defaultdict(dict)
        if not event_ids:
            return firsts
        sql = (
            f"SELECT event_id, _partition, min(_offset) FROM {self._table} "
            "WHERE _epoch = {epoch:UInt32} AND event_id IN {ids:Array(String)} GROUP BY event_id, _partition"
        )
        ids = sorted(event_ids)
        for start in range(0, len(ids), 1000):
            for rows in self._ask(sql, {"epoch": epoch, "ids": ids[start : start + 1000]}):
                for event_id, partition, offset in rows:
                    known = firsts[event_id].get(int(partition), int(offset))
                    firsts[event_id][int(partition)] = min(known, int(offset))
        return firsts

    def _ask(self, sql: str, parameters: dict[str, Any]) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows of each shard's answer."""
        for node, client in self._clients.items():
            try:
                yield client.query(sql, parameters=parameters).result_rows
            except ClickHouseError as error:
                raise _explained(node, error) from error


def _condition(spans: list[Span]) -> str:
    ranges = " OR ".join(
        f"(_partition = {span.partition} AND _offset >= {span.first} AND _offset < {span.end})" for span in spans
    )
    return f"_epoch = {{epoch:UInt32}} AND ({ranges or '0'})"


def _client(node: Node) -> Client:
    try:
        return clickhouse_connect.get_client(
            interface=node.scheme,
            host=node.host,
            port=node.port,
            username=node.user,
            password=node.password,
            database=node.database,
            autogenerate_session_id=False,
        )
    except ClickHouseError as error:
        raise _explained(node, error) from error


def _explained(node: Node, error: ClickHouseError) -> ClickstreamError:
    text = str(error)
    # What the operating system said stands at the very inside of what the client wraps around it.
    inside = _OS_ERROR.search(text)
    text = inside[0] if inside else text[:300]
    if isinstance(error, OperationalError) or not isinstance(error, DatabaseError):
        return UnavailableError(f"ClickHouse at {node} does not answer: {text}")
    if error.code == _AUTHENTICATION_FAILED:
        return ConfigurationError(
            f"ClickHouse at {node} refuses user {node.user!r}: correct CLICKSTREAM_CLICKHOUSE_URLS"
        )
    return ContractError(f"ClickHouse at {node} refused: {text}; is it migrated (`clickstream migrate`)?")
