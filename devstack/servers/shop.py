"""The demo's shop: pages with the tracker's tag, for the devstack's own collector and Redis."""

import sys
import urllib.error
import urllib.request
from pathlib import Path

from clickstream.errors import ConfigurationError, UnavailableError
from devstack.plan import Plan
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.collector import write_key
from devstack.servers.reasons import reason_of
from devstack.servers.server import Server


def probe(address: str) -> None:
    """Ask whether it serves pages.

    Raises:
        UnavailableError: it does not.
    """
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/healthz", timeout=3) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise UnavailableError(f"the shop at {address} answers {error.code} to /healthz") from error
    except OSError as error:
        raise UnavailableError(f"the shop at {address} does not answer: {reason_of(error)}") from error


class Shop(Server):
    """`clickstream shop`."""

    name = "shop"

    @property
    def port(self) -> int:
        """Of its pages."""
        return self.plan.ports["shop"]

    def command(self) -> list[str]:
        """The command of this Python's environment. The key is no secret: it stands in the pages."""
        program = str(Path(sys.executable).parent / "clickstream")
        options = {"--key": write_key(self.layout), "--host": HOST, "--port": str(self.port)}
        return [program, "shop", *(part for option in options.items() for part in option)]

    def environment(self) -> dict[str, str]:
        """The addresses of collector and Redis."""
        return {
            "CLICKSTREAM_COLLECTOR_URL": _collector(self.plan),
            "CLICKSTREAM_REDIS_URL": _redis(self.plan),
        }

    def probe(self, process: ProcessId) -> None:
        """Ask whether it serves pages."""
        self.require_listening(process)
        probe(f"http://{HOST}:{self.port}")


def _collector(plan: Plan) -> str:
    if "collector" in plan.external:
        raise ConfigurationError(
            "the shop's pages send to the collector of the devstack, and CLICKSTREAM_COLLECTOR_URL names another, "
            "whose keys are not known here: unset it, or run `clickstream shop --key KEY` yourself"
        )
    if "collector" not in plan.ports:
        raise ConfigurationError("the shop sends to the collector, which was never started here: start it too")
    return f"http://{HOST}:{plan.ports['collector']}"


def _redis(plan: Plan) -> str:
    if address := plan.external.get("redis"):
        return address
    if "redis" not in plan.ports:
        raise ConfigurationError("the shop reads Redis, which was never started here: start it too")
    return f"redis://:{plan.password}@{HOST}:{plan.ports['redis']}/0"
