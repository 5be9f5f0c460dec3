"""One rebuild at a time on a server, with a lock that ends with its holder, however that ends.

The lock is a query that does nothing, under a name of its own: a server refuses a second one of that name, and ends it
when the connection is gone.
"""

import http.client
import select
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlencode

from clickhouse_connect.driver.client import Client

from clickstream.clickhouse_client import number
from clickstream.config.clickhouse import Node
from clickstream.errors import UnavailableError

_START_SECONDS = 15.0  # a server needs a moment to notice that the last holder is gone
_POLL_SECONDS = 0.05
_LONGEST_SECONDS = 7 * 24 * 3600
_SETTINGS = {
    "cancel_http_readonly_queries_on_client_close": "1",
    "max_block_size": "1",
    "max_threads": "1",
    "max_execution_time": "0",
    "readonly": "2",
}


@contextmanager
def only_rebuild(node: Node, client: Client, connect_seconds: float) -> Iterator[None]:
    """Hold the lock.

    Args:
        node: the server, with the database that is worked on.
        client: of that server.
        connect_seconds: how long to wait for a connection.

    Raises:
        UnavailableError: another one holds it, or the server does not answer.
    """
    query_id = f"clickstream-rebuild-{node.database}"
    nonce = uuid.uuid4().hex
    deadline = time.monotonic() + _START_SECONDS
    while True:
        connection = _sent(node, query_id, nonce, connect_seconds)
        try:
            if _held(client, connection, query_id, nonce, deadline):
                yield
                return
        finally:
            connection.close()
            with suppress(Exception):  # where it is not told so, it finds out by itself
                client.command(f"KILL QUERY WHERE user = currentUser() AND query LIKE '%{nonce}%FORMAT TSV%' ASYNC")
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"another rebuild (or an erasure) works on {node}/{node.database}: let it end, then try again"
            )
        time.sleep(_POLL_SECONDS * 10)


def _sent(node: Node, query_id: str, nonce: str, connect_seconds: float) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if node.scheme == "https" else http.client.HTTPConnection
    connection = kind(node.host, node.port, timeout=connect_seconds)
    sql = f"SELECT sleepEachRow(1), '{nonce}' FROM numbers({_LONGEST_SECONDS}) FORMAT TSV"
    headers = {"X-ClickHouse-User": node.user, "X-ClickHouse-Key": node.password}
    try:
        connection.request("POST", "/?" + urlencode({"query_id": query_id, **_SETTINGS}), sql.encode(), headers)
    except OSError as error:
        raise UnavailableError(f"ClickHouse at {node} does not answer: {error}") from error
    return connection


def _held(client: Client, connection: http.client.HTTPConnection, query_id: str, nonce: str, deadline: float) -> bool:
    """Whether the query runs; False: the server refuses it."""
    running = "SELECT count() FROM system.processes WHERE query_id = {id:String} AND query LIKE {nonce:String}"
    refused = False
    while time.monotonic() < deadline:
        if number(client, running, {"id": query_id, "nonce": f"%{nonce}%"}):
            return True
        if refused:
            return False
        if select.select((connection.sock,), (), (), _POLL_SECONDS)[0]:
            refused = connection.getresponse().status != http.client.OK
    return False
