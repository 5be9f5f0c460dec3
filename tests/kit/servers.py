"""The servers that all tests of a session share: a devstack of their own, or whatever the environment names."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from clickstream.config.clickhouse import Cluster, parse_cluster
from devstack.stack import Stack
from tests.kit.waiting import wait_for

NEEDED = ("kafka", "clickhouse", "flink")
NODES = 3
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Servers:
    """The running servers.

    Attributes:
        stack: starts, stops and kills them; refuses to do so with servers that the environment named.
        environment: addresses, as `clickstream env` prints them.
    """

    stack: Stack
    environment: Mapping[str, str]

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return self.environment["CLICKSTREAM_KAFKA_BOOTSTRAP"]

    @property
    def rest(self) -> str:
        """Flink's REST interface."""
        return self.environment["CLICKSTREAM_FLINK_REST_URL"].rstrip("/")

    def kill_and_wait(self, name: str, seconds: float = 120) -> None:
        """Kill a server with -9 and wait until its supervisor has started it again and it answers."""
        killed = self.stack.kill(name)
        assert killed, f"{name} did not run"

        def back() -> bool:
            return any(
                seen.name == name and seen.state == "ready" and seen.pid not in killed for seen in self.stack.status()
            )

        wait_for(back, seconds, f"{name} is back")

    @property
    def cluster(self) -> Cluster:
        """The ClickHouse nodes, each a shard."""
        return parse_cluster(self.environment["CLICKSTREAM_CLICKHOUSE_URLS"])


@contextmanager
def running(directory: Path, *, keep: bool) -> Iterator[Servers]:
    """Start what is needed, and stop it at the end, after Ctrl-C and SIGTERM too.

    Args:
        directory: the devstack's folder. Data of earlier sessions in it do no harm: every test has names of its own.
        keep: leave the servers running for the next session.
    """
    stack = Stack(directory)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        stack.up(only=NEEDED, clickhouse_nodes=NODES, timeout=240)
        yield Servers(stack, stack.environment())
    finally:
        signal.signal(signal.SIGTERM, before)
        if not keep:
            stack.down()


def own_environment() -> dict[str, str]:
    """The environment without any setting of this project: each test makes its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CLICKSTREAM_", "FLINK_"))}


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
