"""ClickHouse: one server process a node, each with its own folder. Every node is a shard."""

import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from clickstream.errors import UnavailableError
from devstack.plan import USER
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.reasons import reason_of
from devstack.servers.server import Server


def probe(urls: str) -> None:
    """Ask every node for /ping and for SELECT 1.

    Args:
        urls: `;` between shards, `,` between replicas, credentials in each URL.

    Raises:
        UnavailableError: one of them does not answer, or refuses the user.
    """
    for url in urls.replace(",", ";").split(";"):
        parts = urlsplit(url.strip())
        address = f"{parts.scheme}://{parts.hostname}:{parts.port or 8123}"
        headers = {
            "X-ClickHouse-User": unquote(parts.username or "default"),
            "X-ClickHouse-Key": unquote(parts.password or ""),
        }
        try:
            with urllib.request.urlopen(f"{address}/ping", timeout=3) as answer:
                answer.read()
            query = urllib.request.Request(f"{address}/", data=b"SELECT 1", headers=headers)
            with urllib.request.urlopen(query, timeout=5) as answer:
                one = answer.read().strip()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(500).decode("utf-8", "replace").strip()
            raise UnavailableError(f"ClickHouse at {address} answers {error.code}: {said}") from error
        except OSError as error:
            raise UnavailableError(f"ClickHouse at {address} does not answer: {reason_of(error)}") from error
        if one != b"1":
            raise UnavailableError(f"{address} answers SELECT 1 with {one[:100]!r}: that is no ClickHouse")


@dataclass(frozen=True)
class ClickHouse(Server):
    """One node.

    Attributes:
        number: counted from 1.
    """

    number: int

    @property
    def name(self) -> str:
        """clickhouse-1 and so on."""
        return f"clickhouse-{self.number}"

    @property
    def port(self) -> int:
        """Its HTTP port."""
        return self.plan.ports[self.name]

    @property
    def url(self) -> str:
        """Its address, with credentials."""
        return f"http://{USER}:{self.plan.password}@{HOST}:{self.port}"

    def prepare(self) -> None:
        """Make its folder."""
        self.data.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The HTTP server around the engine."""
        account = ["--user", USER, "--password", self.plan.password]
        return [
            sys.executable,
            "-m",
            "devstack.clickhouse",
            "--path",
            str(self.data),
            "--port",
            str(self.port),
            *account,
        ]

    def probe(self, process: ProcessId) -> None:
        """Ping and a query, with the password."""
        self.require_listening(process)
        probe(self.url)
