"""ClickHouse as the demo asks it: every shard, with little patience."""

import logging
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from clickstream.config.clickhouse import Cluster, Node
from clickstream.errors import UnavailableError

CONNECT_SECONDS = 3
QUERY_SECONDS = 30


class Nodes:
    """The first replica of each shard. Connects when it is asked, and anew after a failure. One thread at a time."""

    def __init__(self, cluster: Cluster) -> None:
        # It would print a line of its own about a server that does not answer.
        logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
        self._nodes = [shard.replicas[0] for shard in cluster.shards]
        self._clients: dict[Node, Client] = {}

    def query(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of all shards, one shard after the other.

        Raises:
            UnavailableError: one of them does not answer, or refuses.
        """
        return [row for node in self._nodes for row in self._query(node, sql, parameters)]

    def close(self) -> None:
        """Disconnect."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _query(self, node: Node, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            if node not in self._clients:
                self._clients[node] = clickhouse_connect.get_client(
                    interface=node.scheme,
                    host=node.host,
                    port=node.port,
                    username=node.user,
                    password=node.password,
                    database=node.database,
                    autogenerate_session_id=False,
                    connect_timeout=CONNECT_SECONDS,
                    send_receive_timeout=QUERY_SECONDS,
                    query_retries=0,
                )
            return [tuple(row) for row in self._clients[node].query(sql, parameters=parameters).result_rows]
        except (ClickHouseError, OSError) as error:
            if client := self._clients.pop(node, None):
                client.close()
            raise UnavailableError(f"ClickHouse at {node} does not answer: {str(error)[:200]}") from error
