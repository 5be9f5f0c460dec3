"""Migrations of MySQL (or MariaDB), one at a time: a named lock of the server keeps a second one waiting."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomysql

from clickstream import names
from clickstream.config.mysql import MySqlAddress, parse_mysql_url
from clickstream.errors import ConfigurationError, MigrationError, UnavailableError
from clickstream.migrate.files import Migration, read_migrations
from clickstream.migrate.outcome import Outcome, Report, State, silent
from clickstream.migrate.plan import Applied, pending

_LEDGER = f"""
CREATE TABLE IF NOT EXISTS {names.TABLE_MIGRATIONS}
(
    name       VARCHAR(255) NOT NULL PRIMARY KEY COMMENT 'file without its ending',
    version    INT UNSIGNED NOT NULL COMMENT 'its number; 0 for a repeatable file',
    checksum   CHAR(64) NOT NULL COMMENT 'SHA-256 of what was applied',
    applied_at DATETIME(3) NOT NULL COMMENT 'UTC'
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT = 'Migrations that were applied'
"""
_LOCK_SECONDS = 60
_ACCESS_DENIED = frozenset({1044, 1045, 1698})
_UNKNOWN_DATABASE = 1049
_CONNECTION_ERRORS = frozenset({0, *range(2000, 3000)})  # of the client library: the server was not reached, or lost


def migrate_mysql(
    url: str, ddl: Path, tls: ssl.SSLContext | None = None, *, dry_run: bool = False, report: Report = silent
) -> None:
    """Apply `ddl`/mysql. Runs an event loop of its own: call it from where none runs.

    Args:
        url: mysql://user:password@host:port/database; the database is created if missing.
        ddl: the folder ddl.
        tls: see `clickstream.dimensions.tls`; None: without.
        dry_run: only report what would be applied.
        report: called for every file, as it is done.

    Raises:
        MigrationError: a statement failed (names server, file and statement), or files contradict what was applied.
        ConfigurationError: the URL is malformed, or the server refuses the credentials.
        UnavailableError: the server does not answer, or another migration holds the lock for a minute.
    """
    migrations = read_migrations(ddl / "mysql")
    asyncio.run(_migrate(parse_mysql_url(url), tls, migrations, dry_run=dry_run, report=report))


async def _migrate(
    address: MySqlAddress,
    tls: ssl.SSLContext | None,
    migrations: list[Migration],
    *,
    dry_run: bool,
    report: Report,
) -> None:
    async with _connected(address, tls) as cursor:
        exists = await _use(cursor, address, create=not dry_run)
        async with _locked(cursor, address):
            applied = await _applied(cursor) if exists else {}
            needed = {migration.name for migration in pending(migrations, applied, str(address))}
            if needed and not dry_run:
                await cursor.execute(_LEDGER)
            for migration in migrations:
                if migration.name not in needed:
                    state = State.PRESENT
                elif dry_run:
                    state = State.PENDING
                else:
                    state = State.APPLIED
                    await _apply(cursor, address, migration)
                report(Outcome(f"MySQL {address}", migration.name, state))


async def _use(cursor: Any, address: MySqlAddress, *, create: bool) -> bool:
    """Make the database the current one. A user who may not create it must find it there."""
    quoted = "`" + address.database.replace("`", "``") + "`"
    try:
        await cursor.execute(f"USE {quoted}")
    except aiomysql.MySQLError as error:
        if error.args[0] != _UNKNOWN_DATABASE:
            raise
        if not create:
            return False
        await cursor.execute(f"CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        await cursor.execute(f"USE {quoted}")
    return True


async def _applied(cursor: Any) -> dict[str, Applied]:
    await cursor.execute("SHOW TABLES LIKE %s", (names.TABLE_MIGRATIONS.replace("_", "\\_"),))
    if not await cursor.fetchone():
        return {}
    await cursor.execute(f"SELECT name, version, checksum, applied_at FROM {names.TABLE_MIGRATIONS}")
    return {
        name: Applied(name, version or None, digest, when.replace(tzinfo=UTC))
        for name, version, digest, when in await cursor.fetchall()
    }


async def _apply(cursor: Any, address: MySqlAddress, migration: Migration) -> None:
    for statement in migration.statements:
        try:
            await cursor.execute(statement.text)
        except aiomysql.MySQLError as error:
            if error.args[0] in _CONNECTION_ERRORS:
                raise
            raise MigrationError(
                f"{migration.path}, line {statement.line}, failed on MySQL at {address}: {_text(error)}; the statement "
                f"begins {statement.text.splitlines()[0]!r}. Nothing of this file counts as applied: mend the cause, "
                "then run the migration again"
            ) from error
    await cursor.execute(
        f"REPLACE INTO {names.TABLE_MIGRATIONS} (name, version, checksum, applied_at) VALUES (%s, %s, %s, %s)",
        (migration.name, migration.version or 0, migration.checksum, datetime.now(UTC).replace(tzinfo=None)),
    )


@asynccontextmanager
async def _locked(cursor: Any, address: MySqlAddress) -> AsyncIterator[None]:
    """Hold the lock. The server frees it with the connection, so a migration that is killed leaves none behind."""
    lock = f"{names.TABLE_MIGRATIONS}.{address.database}"[:64]  # the longest name that MySQL takes
    await cursor.execute("SELECT GET_LOCK(%s, %s)", (lock, _LOCK_SECONDS))
    if (await cursor.fetchone())[0] != 1:
        raise UnavailableError(
            f"another migration of MySQL at {address} has held the lock {lock!r} for {_LOCK_SECONDS} seconds: "
            "let it end, then run this one again"
        )
    yield


@asynccontextmanager
async def _connected(address: MySqlAddress, tls: ssl.SSLContext | None) -> AsyncIterator[Any]:
    """A cursor, and the server's failures as errors that name the server."""
    try:
        connection = await aiomysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=10,
            ssl=tls,
            init_command="SET SESSION sql_notes = 0",  # else every IF NOT EXISTS that finds something is a warning
        )
        try:
            async with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()
    except aiomysql.MySQLError as error:
        if error.args[0] in _ACCESS_DENIED:
            raise ConfigurationError(
                f"MySQL at {address} refuses user {address.user!r}: {_text(error)}; correct CLICKSTREAM_MYSQL_URL or "
                "grant what is missing"
            ) from error
        if error.args[0] in _CONNECTION_ERRORS:
            raise UnavailableError(f"MySQL at {address} does not answer: {_text(error)}") from error
        raise MigrationError(f"MySQL at {address} refused: {_text(error)}") from error


def _text(error: aiomysql.MySQLError) -> str:
    return str(error.args[-1])
