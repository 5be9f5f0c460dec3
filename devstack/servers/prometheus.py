"""Prometheus: scrapes whatever of the devstack tells its metrics, and judges the platform's alert rules."""

import hashlib
import shutil
import urllib.error
import urllib.request
from functools import cached_property
from typing import Any

import yaml

from clickstream.errors import ConfigurationError, UnavailableError
from devstack.files import write_if_changed
from devstack.layout import REPOSITORY
from devstack.ports import HOST
from devstack.processes import ProcessId
from devstack.servers.reasons import reason_of
from devstack.servers.server import Server

RULES = REPOSITORY / "deploy" / "observability" / "rules.yaml"
# Where `make prometheus` unpacks Debian's package when none is on PATH.
UNPACKED = REPOSITORY / ".devstack" / "prometheus" / "usr" / "bin"
INTERVAL = "2s"
# Who tells metrics under /metrics: name of the port in the plan -> scrape job, and what else is known of the target.
TARGETS = {
    "flink-jobmanager-metrics": ("flink", "jobmanager"),
    "flink-taskmanager-metrics": ("flink", "taskmanager"),
    "collector": ("collector", "collector"),
    "analytics": ("analytics", "analytics"),
}


def probe(address: str) -> None:
    """Ask whether it has read its data and answers queries.

    Raises:
        UnavailableError: not yet, or it is not there.
    """
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/-/ready", timeout=3) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise UnavailableError(f"Prometheus at {address} answers {error.code} to /-/ready") from error
    except OSError as error:
        raise UnavailableError(f"Prometheus at {address} does not answer: {reason_of(error)}") from error


def executable(name: str = "prometheus") -> str:
    """The program to run: `prometheus`, or `promtool`, which comes with it.

    Raises:
        ConfigurationError: there is none.
    """
    if found := shutil.which(name):
        return found
    if (UNPACKED / name).exists():
        return str(UNPACKED / name)
    raise ConfigurationError(
        f"no {name}: run make prometheus, or install it on PATH (Debian: apt-get install prometheus)"
    )


class Prometheus(Server):
    """A single server that keeps a day."""

    name = "prometheus"

    @property
    def port(self) -> int:
        """Of its web page and query interface."""
        return self.plan.ports["prometheus"]

    def prepare(self) -> None:
        """Write its configuration."""
        self.data.mkdir(parents=True, exist_ok=True)
        write_if_changed(self.data / "prometheus.yml", self._configuration())

    def command(self) -> list[str]:
        """The server; warnings and errors go to its log."""
        return [
            executable(),
            f"--config.file={self.data / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.data / 'tsdb'}",
            "--storage.tsdb.retention.time=1d",
            f"--web.listen-address={HOST}:{self.port}",
            "--log.level=warn",
        ]

    def probe(self, process: ProcessId) -> None:
        """Ask whether it is ready."""
        self.require_listening(process)
        probe(f"http://{HOST}:{self.port}")

    @cached_property
    def fingerprint(self) -> str:
        """Changes with its configuration too, which it reads at its start only."""
        return hashlib.sha256((" ".join(self.command()) + self._configuration()).encode()).hexdigest()[:16]

    def _configuration(self) -> str:
        jobs: dict[str, dict[str, Any]] = {}
        for port, (job, server) in TARGETS.items():
            if port in self.plan.ports and job not in self.plan.external:
                scraped = jobs.setdefault(job, {"job_name": job, "static_configs": []})
                target = {"targets": [f"{HOST}:{self.plan.ports[port]}"], "labels": {"server": server}}
                scraped["static_configs"].append(target)
        settings = {
            "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
            "rule_files": [str(path) for path in (RULES,) if path.exists()],
            "scrape_configs": list(jobs.values()),
        }
        return yaml.safe_dump(settings, sort_keys=False)
