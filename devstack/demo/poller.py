"""A question that is asked again and again in a thread of its own, so that a silent server holds nobody up."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from clickstream.errors import ClickstreamError

T = TypeVar("T")


class Poller(Generic[T]):
    """Holds the latest answer, also while no newer one comes. Call close.

    Args:
        name: of the thread.
        ask: may raise a ClickstreamError, which leaves the answer as it is; any other error is raised to the reader.
        first: the answer until there is one.
        seconds: between two questions.
    """

    def __init__(self, name: str, ask: Callable[[], T], first: T, seconds: float = 1.0) -> None:
        self._ask = ask
        self._answer = first
        self._seconds = seconds
        self._closing = threading.Event()
        self._broken: BaseException | None = None
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def answer(self) -> T:
        """The latest; `failure` says why it is not newer, where it is not."""
        if self._broken is not None:
            raise self._broken
        return self._answer

    def close(self) -> None:
        """Ask no more. Returns at once: the thread may still be waiting for an answer."""
        self._closing.set()

    def wait(self) -> None:
        """Wait until it asks no more."""
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._answer = self._ask()
                self.failure = ""
            except ClickstreamError as error:
                self.failure = str(error) or type(error).__name__
            except BaseException as error:
                self._broken = error
                return
            self._closing.wait(self._seconds)
