import os
import signal
import threading

import pytest

from clickstream.errors import UnavailableError
from devstack.demo.interrupts import Interrupted, Interrupts
from devstack.demo.poller import Poller


class Server:
    """Answers what it is told to; `asked` is set whenever it has answered or refused twice since it was cleared."""

    def __init__(self) -> None:
        self.outcome: int | Exception = 1
        self._times = 0
        self.asked = threading.Event()

    def ask(self) -> int:
        self._times += 1
        if self._times % 2 == 0:
            self.asked.set()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def wait_asked(self) -> None:
        for _ in range(2):  # the first may have begun before the outcome was changed
            self.asked.clear()
            assert self.asked.wait(10)


def test_the_latest_answer_stays_while_the_server_is_away() -> None:
    server = Server()
    poller = Poller("test", server.ask, 0, seconds=0.001)
    try:
        server.wait_asked()
        assert (poller.answer, poller.failure) == (1, "")
        server.outcome = UnavailableError("away")
        server.wait_asked()
        assert (poller.answer, poller.failure) == (1, "away")
        server.outcome = 2
        server.wait_asked()
        assert (poller.answer, poller.failure) == (2, "")
    finally:
        poller.close()


def test_an_error_that_nobody_expects_reaches_the_reader() -> None:
    server = Server()
    server.outcome = ZeroDivisionError("a mistake")
    poller = Poller("test", server.ask, 0)
    poller.wait()
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        _ = poller.answer


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")]
)
def test_each_signal_interrupts_once_it_may(number: signal.Signals, name: str) -> None:
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        with interrupts.held_off():
            os.kill(os.getpid(), number)
        with pytest.raises(Interrupted, match=name):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
