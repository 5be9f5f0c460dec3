"""The connections to MySQL or MariaDB, and the query that fetches rows of a dimension over them."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomysql

from clickstream.config.dimensions import Tls
from clickstream.config.mysql import MySqlAddress
from clickstream.dimensions.declaration import Dimension
from clickstream.dimensions.lookup import Answers
from clickstream.dimensions.queries import select
from clickstream.dimensions.rows import Found, Key, RowError, RowReader
from clickstream.dimensions.tls import tls_context


@dataclass(frozen=True, slots=True)
class MySqlConnections:
    """How to connect. Plain data: it is pickled into the workers.

    Attributes:
        address: of the database.
        most: connections of one worker at the most.
        connect_timeout: seconds.
        tls: see Tls.
        tls_ca: certificates of the authorities that `verified` trusts; None: those of the system.
    """

    address: MySqlAddress
    most: int = 4
    connect_timeout: float = 5.0
    tls: Tls = Tls.OFF
    tls_ca: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """The TLS context; None: no TLS."""
        return tls_context(self.tls, self.tls_ca)


class MySqlPool:
    """Connections, made when they are first needed, in the event loop that needs them. Not shared between loops."""

    def __init__(self, connections: MySqlConnections) -> None:
        self._connections = connections
        self._pool: Any = None

    async def fetch(
        self, dimension: Dimension, reader: RowReader, unusable: Callable[[RowError], None], keys: Sequence[Key]
    ) -> Answers:
        """The rows of a dimension by key; a key without a row is not in the answer.

        Args:
            dimension: whose table is asked.
            reader: of its rows.
            unusable: told of each row that does not fit the declaration, which then counts as not there.
            keys: distinct, at least one.

        Raises:
            aiomysql.Error: the server refuses the query, or was lost.
            OSError: it cannot be reached, or offers no TLS where TLS is wanted.
        """
        sql, arguments = select(dimension.table, reader.columns, dimension.key_columns, keys)
        if self._pool is None:
            self._pool = self._make()
        async with self._pool.acquire() as connection:
            try:
                self._require_encryption(connection)
                async with connection.cursor() as cursor:
                    await cursor.execute(sql, arguments)
                    rows = await cursor.fetchall()
            except BaseException:
                connection.close()  # whatever it was: nobody knows what the server still sends on it
                raise
        return _by_key(dimension, reader, unusable, keys, rows)

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            self._pool.terminate()
            await self._pool.wait_closed()
            self._pool = None

    def _require_encryption(self, connection: Any) -> None:
        """Check a connection: the client goes on in the clear where the server, or somebody between, offers no TLS."""
        wanted = self._connections
        if wanted.tls is not Tls.OFF and connection._writer.get_extra_info("ssl_object") is None:
            raise ConnectionError(
                f"MySQL at {wanted.address} offers no TLS, but CLICKSTREAM_DIMENSIONS_TLS is {wanted.tls.value}: give "
                "the server a certificate, or set it to off"
            )

    def _make(self) -> Any:
        wanted, address = self._connections, self._connections.address
        # The pool object itself: aiomysql.create_pool would wait for its first connections, and is no more than this.
        return aiomysql.Pool(
            minsize=0,
            maxsize=wanted.most,
            echo=False,
            pool_recycle=600,
            loop=asyncio.get_running_loop(),
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            db=address.database,
            charset="utf8mb4",
            autocommit=True,  # each query sees the newest rows
            connect_timeout=wanted.connect_timeout,
            ssl=wanted.context(),
        )


def _by_key(
    dimension: Dimension,
    reader: RowReader,
    unusable: Callable[[RowError], None],
    keys: Sequence[Key],
    rows: Sequence[Sequence[Any]],
) -> Answers:
    """Rows whose key was asked for, letter by letter: a collation may have found others too."""
    wanted = set(keys)
    answers: dict[Key, Found] = {}
    for row in rows:
        try:
            key, found = reader.read(row)
        except RowError as error:
            unusable(RowError(f"a row of table {dimension.table}: {error}"))
            continue
        if key in wanted:
            answers[key] = found
    return answers
