"""Whether the dimensions could be read, asked once, before the join is submitted."""

import asyncio

import aiomysql

from clickstream.dimensions.declaration import Dimensions
from clickstream.dimensions.mysql import MySqlConnections
from clickstream.dimensions.queries import quoted
from clickstream.dimensions.rows import RowReader
from clickstream.errors import ConfigurationError

_REFUSED = frozenset({1044, 1045, 1698})
_UNKNOWN_DATABASE = 1049


def preflight(declared: Dimensions, connections: MySqlConnections) -> list[str]:
    """Ask MySQL whether it takes our credentials and has the tables of the dimensions, with their columns.

    Returns:
        One line for each thing that is not there: events go on without those dimensions until it is.

    Raises:
        ConfigurationError: it refuses our credentials: no waiting mends that.
    """
    return asyncio.run(_ask(declared, connections))


async def _ask(declared: Dimensions, connections: MySqlConnections) -> list[str]:
    address = connections.address
    try:
        connection = await aiomysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            db=address.database,
            charset="utf8mb4",
            connect_timeout=connections.connect_timeout,
            ssl=connections.context(),
        )
    except (aiomysql.MySQLError, OSError) as error:
        code = error.args[0] if error.args else 0
        if code in _REFUSED:
            raise ConfigurationError(
                f"MySQL at {address} refuses user {address.user!r}: correct CLICKSTREAM_MYSQL_URL, or grant what is "
                f"missing ({error.args[-1]})"
            ) from error
        if code == _UNKNOWN_DATABASE:
            return [f"MySQL at {address} has no such database: run `clickstream migrate --only mysql`"]
        told = error.args[-1] if error.args else error
        why = f"{told}: {error.__cause__}" if error.__cause__ else told  # such as a certificate that nobody vouches for
        return [f"MySQL at {address} does not answer ({why})"]
    try:
        async with connection.cursor() as cursor:
            lines = []
            for dimension in declared.dimensions:
                source = ".".join(map(quoted, dimension.table.split(".", 1)))
                columns = ", ".join(map(quoted, RowReader(dimension, declared.carried(dimension.name)).columns))
                try:
                    await cursor.execute(f"SELECT {columns} FROM {source} LIMIT 0", ())
                except aiomysql.MySQLError as error:
                    lines.append(f"dimension {dimension.name}: MySQL at {address} says {error.args[-1]}")
            return lines
    finally:
        connection.close()
