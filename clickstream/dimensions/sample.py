"""Puts ddl/mysql/sample into MySQL: dimensions that fit the generator's events."""

import asyncio
import ssl
from pathlib import Path

import aiomysql

from clickstream.config.mysql import MySqlAddress, parse_mysql_url
from clickstream.errors import MigrationError, UnavailableError
from clickstream.migrate.files import Migration, read_migrations

_UNREACHABLE = frozenset({2002, 2003, 2005, 2006, 2013})
_NO_SUCH_TABLE = 1146


def load_sample(url: str, ddl: Path, tls: ssl.SSLContext | None = None) -> dict[str, int]:
    """Run the sample files of the folder `ddl`; rows by table afterwards. Safe to repeat.

    Runs an event loop of its own: call it from where none runs.

    Raises:
        MigrationError: a statement failed; the tables are made by `clickstream migrate`.
        UnavailableError: the server does not answer.
        ConfigurationError: the URL or the folder is wrong.
    """
    return asyncio.run(_load(parse_mysql_url(url), read_migrations(ddl / "mysql" / "sample"), tls))


async def _load(address: MySqlAddress, files: list[Migration], tls: ssl.SSLContext | None) -> dict[str, int]:
    counts: dict[str, int] = {}
    try:
        connection = await aiomysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            db=address.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=10,
            ssl=tls,
        )
        try:
            async with connection.cursor() as cursor:
                for statement in [statement for file in files for statement in file.statements]:
                    await cursor.execute(statement.text)
                for table in ("dim_product", "dim_category", "dim_geo", "dim_scenario"):
                    await cursor.execute(f"SELECT COUNT(*) FROM {table}")
                    (counts[table],) = await cursor.fetchone()
        finally:
            connection.close()
    except aiomysql.MySQLError as error:
        if error.args[0] in _UNREACHABLE:
            raise UnavailableError(f"MySQL at {address} does not answer: {error.args[-1]}") from error
        hint = "; run `clickstream migrate --only mysql` first" if error.args[0] == _NO_SUCH_TABLE else ""
        raise MigrationError(f"MySQL at {address} refused the sample dimensions: {error.args[-1]}{hint}") from error
    return counts
