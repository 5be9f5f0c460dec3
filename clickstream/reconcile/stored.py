"""What the shards of a table hold, by ingest position."""

from collections import defaultdict
from collections.abc import Collection

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from clickstream.config.clickhouse import Cluster, Node
from clickstream.errors import UnavailableError
from clickstream.reconcile.topic import Span


class Stored:
    """Asks the first replica of each shard. Call close."""

    def __init__(self, cluster: Cluster, table: str) -> None:
        """Connect.

        Raises:
            UnavailableError: a shard does not answer.
        """
        self._table = table
        self._clients = [_client(shard.replicas[0]) for shard in cluster.shards]

    def close(self) -> None:
        """Disconnect."""
        for client in self._clients:
            client.close()

    def count(self, epoch: int, spans: list[Span]) -> int:
        """Rows in the spans."""
        sql = f"SELECT count() FROM {self._table} WHERE {_condition(spans)}"
        return sum(int(client.query(sql, parameters={"epoch": epoch}).result_rows[0][0]) for client in self._clients)

    def positions(self, epoch: int, spans: list[Span]) -> tuple[set[tuple[int, int]], int]:
        """The (partition, offset) pairs in the spans, and the number of rows that have them."""
        sql = f"SELECT _partition, _offset FROM {self._table} WHERE {_condition(spans)}"
        found: set[tuple[int, int]] = set()
        rows = 0
        for client in self._clients:
            part = client.query(sql, parameters={"epoch": epoch}).result_rows
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
            for client in self._clients:
                answer = client.query(sql, parameters={"epoch": epoch, "ids": ids[start : start + 1000]})
                for event_id, partition, offset in answer.result_rows:
                    known = firsts[event_id].get(int(partition), int(offset))
                    firsts[event_id][int(partition)] = min(known, int(offset))
        return firsts


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
        raise UnavailableError(f"ClickHouse at {node} does not answer: {str(error)[:300]}") from error
