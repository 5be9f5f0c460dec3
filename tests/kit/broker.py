"""Kafka alone, in the folder of the session's servers: the same broker where those run already."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.stack import Stack


@dataclass(frozen=True)
class Broker:
    """The running broker; `stack` stops and starts it."""

    stack: Stack
    bootstrap: str


@contextmanager
def broker(directory: Path, *, keep: bool) -> Iterator[Broker]:
    """Start Kafka unless it runs.

    Args:
        directory: the devstack's folder.
        keep: leave it running.
    """
    stack = Stack(directory)
    try:
        stack.up(only=("kafka",), timeout=120)
        yield Broker(stack, stack.environment()["CLICKSTREAM_KAFKA_BOOTSTRAP"])
    finally:
        if not keep:
            stack.down()
