"""Which servers are away, since when, and what to print when one goes or comes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from devstack.demo.poller import Poller
from devstack.readiness import Status
from devstack.stack import Stack

SECONDS = 2.0
WELL = frozenset({"ready", "external"})


@dataclass(frozen=True, slots=True)
class Away:
    """A server that does not answer. `since` is by the monotonic clock, `at` by the wall clock, both in seconds."""

    name: str
    state: str
    since: float
    at: float

    def __str__(self) -> str:
        return f"{self.name} {self.state} since {time.strftime('%H:%M:%S', time.localtime(self.at))}"


class Health:
    """Asks all servers every SECONDS in a thread of its own. Call close.

    Args:
        stack: the devstack.
        say: called, from that thread, with a line whenever a server goes away or is back.
    """

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._tell = say
        self._known: dict[str, Away] = {}
        self._pids = {seen.name: seen.pid for seen in stack.status()}
        self._closed = False
        self._poller: Poller[tuple[Away, ...]] = Poller("health", self._ask, (), SECONDS)

    @property
    def away(self) -> tuple[Away, ...]:
        """In the order of `clickstream status`."""
        return self._poller.answer

    def taken_down(self) -> bool:
        """Whether somebody has stopped the whole devstack: nothing comes back by itself."""
        plan = self._stack.plan
        return not plan.wanted and not plan.external

    def close(self) -> None:
        """Ask no more, and say nothing of what is asked just now: servers may be stopped next."""
        self._closed = True
        self._poller.close()

    def _say(self, text: str) -> None:
        if not self._closed:
            self._tell(text)

    def _ask(self) -> tuple[Away, ...]:
        return tuple(found for seen in self._stack.status() if (found := self._judge(seen)))

    def _judge(self, seen: Status) -> Away | None:
        known = self._known.get(seen.name)
        if seen.state in WELL:
            if known is not None:
                self._say(f"{seen.name} is back after {time.monotonic() - known.since:.0f} s")
                del self._known[seen.name]
            elif seen.pid and self._pids.get(seen.name) not in {0, seen.pid, None}:
                self._say(f"{seen.name} ended and was started again")  # between two looks
            self._pids[seen.name] = seen.pid
            return None
        if known is None:
            known = Away(seen.name, seen.state, time.monotonic(), time.time())
            self._say(f"{seen.name} is away ({seen.state})")
        self._pids[seen.name] = 0
        self._known[seen.name] = Away(seen.name, seen.state, known.since, known.at)
        return self._known[seen.name]
