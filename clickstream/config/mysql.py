"""MySQL's address out of one URL."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from clickstream.errors import ConfigurationError

DEFAULT_PORT = 3306


@dataclass(frozen=True, slots=True)
class MySqlAddress:
    """One MySQL or MariaDB database. Its text never shows the password."""

    host: str
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


def parse_mysql_url(url: str) -> MySqlAddress:
    """Parse CLICKSTREAM_MYSQL_URL.

    Raises:
        ConfigurationError: it is no such URL, or names no database.
    """
    parts = urlsplit(url.strip())
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        port = 0
    database = unquote(parts.path.strip("/"))
    if parts.scheme != "mysql" or not parts.hostname or not port or not database or parts.query or "/" in database:
        raise ConfigurationError(
            f"CLICKSTREAM_MYSQL_URL: {url.rpartition('@')[2]!r} is no address of a database; "
            "write mysql://user:password@host:3306/database"
        )
    return MySqlAddress(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=database,
    )
