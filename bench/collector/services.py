"""The variants as processes: each serves POST /api/v1/behaviors on a port of its own."""

import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from bench.collector import bare
from bench.collector.requests import TENANT
from clickstream.clock import SystemClock
from clickstream.errors import ClickstreamError
from clickstream.write_keys import hash_of, new_write_key
from devstack.planning import reservations

START_SECONDS = 30.0
VARIANTS = ("collector", "bare", "collector:granian", "bare:granian")


@dataclass(frozen=True)
class Service:
    """One that runs."""

    name: str
    port: int
    key: str
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        main = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (main, *main.children(recursive=True))]
        return float(sum(each.user + each.system for each in times))


@contextmanager
def running(name: str, bootstrap: str, topic: str, workers: int) -> Iterator[Service]:
    """Start a variant, and stop it at the end.

    Raises:
        ClickstreamError: it does not answer.
    """
    key = new_write_key()
    with tempfile.TemporaryDirectory() as folder:
        port = reservations().choose(8053, Path(folder))
        configuration = Path(folder) / "collector.yaml"
        tenant = {"keys": [{"sha256": hash_of(key)}], "rate": {"events_per_second": 1e9}}
        configuration.write_text(yaml.safe_dump({"tenants": {TENANT: tenant}}))
        environment = {
            **{each: value for each, value in os.environ.items() if not each.startswith("CLICKSTREAM_")},
            bare.BOOTSTRAP: bootstrap,
            bare.TOPIC: topic,
            "CLICKSTREAM_KAFKA_BOOTSTRAP": bootstrap,
            "CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS": topic,
            "CLICKSTREAM_KAFKA_TOPIC_REJECTED": f"{topic}-rejected",
            "CLICKSTREAM_COLLECTOR_CONFIG": str(configuration),
            "CLICKSTREAM_COLLECTOR_PORT": str(port),
            "CLICKSTREAM_COLLECTOR_WORKERS": str(workers),
        }
        process = subprocess.Popen(_command(name, port, workers), env=environment)
        try:
            _await(process, port)
            yield Service(name, port, key, process)
        finally:
            process.terminate()
            process.wait(30)


def _command(name: str, port: int, workers: int) -> list[str]:
    scripts = Path(sys.executable).parent
    variant, _, server = name.partition(":")
    application = "collector.server:application" if variant == "collector" else "bench.collector.bare:application"
    if server == "granian":
        options = ["--interface", "asgi", "--factory", "--loop", "uvloop", "--no-ws", "--log-level", "warning"]
        options += ["--port", str(port), "--workers", str(workers), "--backpressure", "2000"]
        return [sys.executable, "-m", "granian", *options, application]
    if variant == "collector":
        return [str(scripts / "clickstream"), "collector"]
    options = ["--factory", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [str(scripts / "uvicorn"), *options, "--port", str(port), "--workers", str(workers), application]


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + START_SECONDS
    path = f"http://127.0.0.1:{port}/healthz"
    while True:
        try:
            with urllib.request.urlopen(path, timeout=5):
                return
        except OSError as error:
            if process.poll() is not None:
                raise ClickstreamError(f"the service ended with status {process.returncode}") from error
            if clock.monotonic() > deadline:
                raise ClickstreamError(f"the service does not answer at {path}: {error}") from error
        clock.sleep(0.1)
