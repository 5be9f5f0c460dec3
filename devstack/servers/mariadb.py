"""MariaDB: the real server, from the zip of its binaries that Maven Central carries. Speaks MySQL's protocol."""

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

import aiomysql

from clickstream.errors import ConfigurationError, UnavailableError
from devstack.files import write_if_changed
from devstack.plan import USER
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.reasons import reason_of
from devstack.servers.server import Server

# Run at every start, so that a changed password takes effect.
INIT = """\
CREATE DATABASE IF NOT EXISTS clickstream;
CREATE OR REPLACE USER '{user}'@'%' IDENTIFIED BY '{password}';
GRANT ALL PRIVILEGES ON *.* TO '{user}'@'%' WITH GRANT OPTION;
"""


def probe(url: str) -> None:
    """Run a query.

    Args:
        url: mysql://user:password@host:port/database

    Raises:
        UnavailableError: it does not answer, or refuses the user.
    """
    try:
        asyncio.run(asyncio.wait_for(_select_one(url), 5))
    except (aiomysql.Error, OSError, TimeoutError) as error:
        raise UnavailableError(f"MySQL does not answer a query: {reason_of(error)}") from error


async def _select_one(url: str) -> None:
    async with connect(url) as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT 1")


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[aiomysql.Connection]:
    """A connection to the server that a URL names, closed at the end.

    Raises:
        aiomysql.Error: the server is not there, or refuses the user.
    """
    parts = urlsplit(url)
    connection = await aiomysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        db=unquote(parts.path.lstrip("/")),
    )
    try:
        yield connection
    finally:
        await connection.ensure_closed()


class MariaDB(Server):
    """A single server; InnoDB keeps what was committed through kill -9."""

    name = "mysql"

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self.plan.ports["mysql"]

    def prepare(self) -> None:
        """Create its system tables once.

        Raises:
            ConfigurationError: binaries are missing, or do not run here.
        """
        base = self.require_jars("mariadb")
        self.data.mkdir(parents=True, exist_ok=True)
        write_if_changed(self.data / "init.sql", INIT.format(user=USER, password=self.plan.password))
        if (self.data / "tables").exists():
            return
        # Under another name first: an installation that was interrupted is begun anew.
        unfinished = self.data / "tables.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        user = pwd.getpwuid(os.getuid()).pw_name
        options = [f"--user={user}", "--skip-test-db", "--auth-root-authentication-method=socket"]
        installed = subprocess.run(
            [
                str(base / "scripts" / "mariadb-install-db"),
                "--no-defaults",
                f"--basedir={base}",
                f"--datadir={unfinished}",
                f"--auth-root-socket-user={user}",
                *options,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode:
            said = (installed.stdout + installed.stderr)[-2000:].strip()
            raise ConfigurationError(f"MariaDB's system tables could not be made in {self.data}: {said}")
        unfinished.rename(self.data / "tables")

    def command(self) -> list[str]:
        """The server, small."""
        base = self.require_jars("mariadb")
        return [
            str(base / "bin" / "mariadbd"),
            "--no-defaults",
            f"--user={pwd.getpwuid(os.getuid()).pw_name}",
            f"--basedir={base}",
            f"--datadir={self.data / 'tables'}",
            f"--init-file={self.data / 'init.sql'}",
            f"--bind-address={HOST}",
            f"--port={self.port}",
            # Relative to the data folder: an absolute path could be longer than the 107 bytes that a socket may have.
            "--socket=mariadbd.sock",
            "--skip-name-resolve",
            # Or it makes itself a 4096-bit key at every start, which may take half a minute.
            "--skip-ssl",
            "--character-set-server=utf8mb4",
            "--default-time-zone=+00:00",
            "--innodb-buffer-pool-size=64M",
            "--performance-schema=OFF",
        ]

    def probe(self, process: ProcessId) -> None:
        """Run a query as the platform's user."""
        self.require_listening(process)
        probe(f"mysql://{USER}:{self.plan.password}@{HOST}:{self.port}/clickstream")
