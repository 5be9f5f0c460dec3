"""The servers of a benchmark: a devstack of its own, stopped at the end whatever happens."""

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType

from devstack.stack import Stack

DIRECTORY = ".devstack/bench"


@contextmanager
def running(directory: str, only: Collection[str]) -> Iterator[Stack]:
    """Start these servers; their addresses are in os.environ. Ctrl-C and SIGTERM stop them too."""
    stack = Stack(directory)
    # Set anew: a shell starts what it puts into the background with Ctrl-C ignored.
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stack.up(only=only)
        os.environ.update(stack.environment())
        yield stack
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stack.down()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
