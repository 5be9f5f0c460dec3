"""The collector, with one tenant whose write key stands in the devstack's folder."""

import sys
import urllib.error
import urllib.request
from pathlib import Path

from clickstream.errors import ConfigurationError, UnavailableError
from clickstream.write_keys import hash_of, new_write_key
from devstack.files import write
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.reasons import reason_of
from devstack.servers.server import Server

# The first of the generator's shops: what its pages send finds its dimensions.
TENANT = "aurora"
CONFIGURATION = """\
# Written once, at the collector's first start here. Edit it as you like and run `clickstream restart collector`.
tenants:
  {tenant}:
    keys:
      - {{sha256: {sha256}, name: devstack}}  # the key itself stands in write-key, beside this file
"""


def probe(address: str) -> None:
    """Ask whether it serves requests. Whether Kafka takes what it takes is another question: /readyz answers that.

    Raises:
        UnavailableError: it does not.
    """
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/healthz", timeout=3) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise UnavailableError(f"the collector at {address} answers {error.code} to /healthz") from error
    except OSError as error:
        raise UnavailableError(f"the collector at {address} does not answer: {reason_of(error)}") from error


def write_key(layout: Layout) -> str:
    """The write key of the devstack's own collector; made with its file when there is neither yet.

    Raises:
        ConfigurationError: its collector.yaml does not let this key in.
    """
    file, configuration = _made(layout.data("collector"))
    key = file.read_text(encoding="utf-8").strip()
    if hash_of(key) not in configuration.read_text(encoding="utf-8"):
        raise ConfigurationError(
            f"{configuration} does not hold the hash of the key in {file}: put it back ({hash_of(key)}), or delete "
            "both files for new ones"
        )
    return key


def _made(folder: Path) -> tuple[Path, Path]:
    """The files of the key and of the configuration, readable by their owner only."""
    file, configuration = folder / "write-key", folder / "collector.yaml"
    if not file.exists():
        write(file, new_write_key() + "\n")
    if not configuration.exists():
        digest = hash_of(file.read_text(encoding="utf-8").strip())
        write(configuration, CONFIGURATION.format(tenant=TENANT, sha256=digest))
    return file, configuration


class Collector(Server):
    """`clickstream collector`, one worker."""

    name = "collector"

    @property
    def port(self) -> int:
        """Where events are sent."""
        return self.plan.ports["collector"]

    def prepare(self) -> None:
        """Make its key and its file."""
        _made(self.data)

    def command(self) -> list[str]:
        """The command of this Python's environment."""
        return [str(Path(sys.executable).parent / "clickstream"), "collector"]

    def environment(self) -> dict[str, str]:
        """Its address, its file, and Kafka's address."""
        return {
            "CLICKSTREAM_COLLECTOR_CONFIG": str(self.data / "collector.yaml"),
            "CLICKSTREAM_COLLECTOR_HOST": HOST,
            "CLICKSTREAM_COLLECTOR_PORT": str(self.port),
            "CLICKSTREAM_KAFKA_BOOTSTRAP": _kafka(self.plan),
        }

    def probe(self, process: ProcessId) -> None:
        """Ask whether it serves requests."""
        self.require_listening(process)
        probe(f"http://{HOST}:{self.port}")


def _kafka(plan: Plan) -> str:
    if address := plan.external.get("kafka"):
        return address
    if "kafka" not in plan.ports:
        raise ConfigurationError("the collector writes to Kafka, which was never started here: start it too")
    return f"{HOST}:{plan.ports['kafka']}"
