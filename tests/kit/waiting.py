"""Waiting for what a test is about, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float, what: str | Callable[[], str], pause: float = 0.1) -> T:
    """The first truthy answer of the condition.

    Args:
        condition: asked again and again; what it raises ends the wait.
        seconds: until the test fails. Deadlines are generous, for they cost nothing where things work.
        what: was waited for; called when the wait is over in vain, to say how far things went.
        pause: seconds between two questions.

    Raises:
        AssertionError: the deadline passed.
    """
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(pause)
