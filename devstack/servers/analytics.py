"""The analytics service and its pages, with a token that stands in the devstack's folder."""

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from clickstream.errors import ClickstreamError, UnavailableError
from clickstream.generator.catalogue import TENANTS
from devstack.files import write
from devstack.layout import Layout
from devstack.plan import USER, Plan
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.reasons import reason_of
from devstack.servers.server import Server

# The generator's usual tenants, so that the demo's traffic can be looked at.
TITLES = {tenant.tenant_id: {"title": tenant.title} for tenant in TENANTS[:3]}
ROLES = ("read", "admin")


def probe(address: str) -> None:
    """Ask whether it serves requests. Whether ClickHouse answers it is another question: /readyz answers that.

    Raises:
        UnavailableError: it does not.
    """
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/healthz", timeout=3) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise UnavailableError(f"the analytics service at {address} answers {error.code} to /healthz") from error
    except OSError as error:
        raise UnavailableError(f"the analytics service at {address} does not answer: {reason_of(error)}") from error


def signed_in_address(layout: Layout, address: str) -> str:
    """The page that signs a browser in. The token stands behind a #, which no browser sends to anybody."""
    token = (layout.data("analytics") / "token").read_text(encoding="utf-8").strip()
    return f"{address.rstrip('/')}/sign-in#token={token}"


class Analytics(Server):
    """`clickstream analytics`."""

    name = "analytics"

    @property
    def port(self) -> int:
        """Of its pages and its interface."""
        return self.plan.ports["analytics"]

    def prepare(self) -> None:
        """Make its token and the file that lets it in, both readable by their owner only.

        Raises:
            ClickstreamError: the token cannot be made.
        """
        token, file = self.data / "token", self.data / "tokens.yaml"
        if token.exists() and file.exists():
            return
        file.unlink(missing_ok=True)
        write(file, yaml.safe_dump({"tenants": TITLES}, allow_unicode=True, sort_keys=False))
        command = [_program(), "token", "--file", str(file), "--name", "devstack"]
        for tenant in TITLES:
            command += ["--tenant", tenant]
        for role in ROLES:
            command += ["--role", role]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise ClickstreamError(f"{' '.join(command)} failed: {made.stderr.strip()}")
        write(token, made.stdout)

    def command(self) -> list[str]:
        """The command of this Python's environment."""
        return [_program(), "analytics"]

    def environment(self) -> dict[str, str]:
        """Its own address, and those of what it asks, as far as they were started here or are named."""
        return {
            "CLICKSTREAM_ANALYTICS_TOKENS_FILE": str(self.data / "tokens.yaml"),
            "CLICKSTREAM_ANALYTICS_HOST": HOST,
            "CLICKSTREAM_ANALYTICS_PORT": str(self.port),
            "CLICKSTREAM_ANALYTICS_GRPC_PORT": str(self.plan.ports["analytics-grpc"]),
            **_addresses(self.plan),
        }

    def probe(self, process: ProcessId) -> None:
        """Ask whether it serves requests."""
        self.require_listening(process)
        probe(f"http://{HOST}:{self.port}")


def _program() -> str:
    return str(Path(sys.executable).parent / "clickstream")


def _addresses(plan: Plan) -> dict[str, str]:
    """What the service asks. It refuses several ClickHouse nodes: each of these holds rows of its own."""
    user = f"{USER}:{plan.password}@"
    own = {
        "redis": ("CLICKSTREAM_REDIS_URL", f"redis://:{plan.password}@{HOST}:{{}}/0", ["redis"]),
        "mongo": ("CLICKSTREAM_MONGO_URL", f"mongodb://{HOST}:{{}}/clickstream", ["mongo"]),
        "kafka": ("CLICKSTREAM_KAFKA_BOOTSTRAP", f"{HOST}:{{}}", ["kafka"]),
        "flink": ("CLICKSTREAM_FLINK_REST_URL", f"http://{HOST}:{{}}", ["flink-rest"]),
        "clickhouse": (
            "CLICKSTREAM_CLICKHOUSE_URLS",
            f"http://{user}{HOST}:{{}}",
            [f"clickhouse-{number}" for number in range(1, plan.clickhouse_nodes + 1)],
        ),
    }
    found = {}
    for service, (variable, address, ports) in own.items():
        if service in plan.external:
            found[variable] = plan.external[service]
        elif all(port in plan.ports for port in ports):
            found[variable] = ";".join(address.format(plan.ports[port]) for port in ports)
    return found
