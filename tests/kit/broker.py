"""Kafka alone, for tests that stop it at will: beside the session's servers, which others use."""

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
    """Start Kafka, and stop it at the end.

    Args:
        directory: of the session's servers; this broker's folder lies below it.
        keep: leave it running.
    """
    stack = Stack(directory / "broker")
    try:
        stack.up(only=("kafka",), timeout=120)
        yield Broker(stack, stack.environment()["CLICKSTREAM_KAFKA_BOOTSTRAP"])
    finally:
        if not keep:
            stack.down()
