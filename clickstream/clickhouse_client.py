"""A client of one ClickHouse server for commands, and its failures as errors that name the server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from clickstream.config.clickhouse import Node
from clickstream.errors import ClickstreamError, ConfigurationError, UnavailableError

_AUTHENTICATION_FAILED = 516


def number(client: Client, sql: str, parameters: dict[str, Any] | None = None) -> int:
    """The single whole number that a query answers with."""
    return int(client.query(sql, parameters=parameters).result_rows[0][0])


@contextmanager
def connected(
    node: Node, *, connect_seconds: float, answer_seconds: float, refused: type[ClickstreamError]
) -> Iterator[Client]:
    """A client without a session: statements of several threads do not wait for each other.

    Args:
        node: the server. Its database is not made the client's: it need not be there.
        connect_seconds: how long to wait for a connection.
        answer_seconds: how long to wait for a statement's answer.
        refused: what is raised when the server refuses a statement within the block.

    Raises:
        UnavailableError: the server does not answer.
        ConfigurationError: it refuses the credentials.
    """
    client: Client | None = None
    try:
        client = clickhouse_connect.get_client(
            host=node.host,
            port=node.port,
            interface=node.scheme,
            username=node.user,
            password=node.password,
            connect_timeout=int(max(1, connect_seconds)),
            send_receive_timeout=int(max(1, answer_seconds)),
            autogenerate_session_id=False,  # a session admits one query at a time, and none is needed
        )
        yield client
    except OperationalError as error:
        raise UnavailableError(f"ClickHouse at {node} does not answer: {error}") from error
    except DatabaseError as error:
        if error.code == _AUTHENTICATION_FAILED:
            raise ConfigurationError(
                f"ClickHouse at {node} refuses user {node.user!r}: correct CLICKSTREAM_CLICKHOUSE_URLS"
            ) from error
        raise refused(f"ClickHouse at {node} refused: {error}") from error
    except ClickHouseError as error:
        raise refused(f"ClickHouse at {node}: {error}") from error
    finally:
        if client is not None:
            client.close()
