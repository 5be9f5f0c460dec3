"""Ctrl-C, SIGTERM and SIGHUP alike: each ends the demo as cleanly as the others."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Somebody wants the demo to end; the text says how that was said."""


class Interrupts:
    """While it is entered, each of SIGNALS raises Interrupted in the main thread, except within `held_off`."""

    def __init__(self) -> None:
        self._held_off = False
        self._terminal = sys.stdout.isatty()

    def __enter__(self) -> Self:
        # Set for all of them: a shell's background job is started with SIGINT ignored, and its children inherit that.
        self._before = {number: signal.signal(number, self._raise) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held_off(self) -> Iterator[None]:
        """Let nothing interrupt what stops servers and jobs: it ends soon."""
        self._held_off = True
        try:
            yield
        finally:
            self._held_off = False

    def _raise(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self._terminal:
            # The terminal is gone, and printing to it would fail in the middle of the clean-up.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for descriptor in (1, 2):
                os.dup2(nowhere, descriptor)
            os.close(nowhere)
        if not self._held_off:
            raise Interrupted("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)
