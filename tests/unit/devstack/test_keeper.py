"""What a keeper finds when it begins: of a server that a dead supervisor left, or of none. Real processes, no ports."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devstack.keeper import Keeper
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.processes import MEMBER, SERVER, ProcessId, members, terminate
from devstack.record import Record
from devstack.servers.server import Server
from tests.kit.waiting import wait_for

SECONDS = 10


@dataclass(frozen=True)
class Sleeper(Server):
    """Serves nothing."""

    name = "sleeper"
    port = 0
    seconds: str = "600"
    word: str = "well"
    child: bool = False

    def command(self) -> list[str]:
        """Sleep, by a child of its own where one is wanted."""
        sleep = ["sleep", self.seconds]
        return ["sh", "-c", f"{' '.join(sleep)} & wait"] if self.child else sleep

    def environment(self) -> dict[str, str]:
        """A word of its own."""
        return {"SLEEPS": self.word}

    def probe(self, process: ProcessId) -> None:
        """It is always ready."""


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    layout = Layout.at(tmp_path / "stack")
    layout.make()
    yield layout
    terminate(members(layout.root), 5)


@pytest.fixture
def server(layout: Layout) -> Sleeper:
    return Sleeper(layout, Plan())


def left(server: Sleeper, *, root: Path | None = None, name: str = "") -> ProcessId:
    """A process such as a supervisor starts, that nobody looks after now: no child of this process."""
    environment = {
        **os.environ,
        **server.environment(),
        MEMBER: str(root or server.layout.root),
        SERVER: name or server.name,
    }
    # Without our pipe, which would be open for as long as it lives.
    fork = ["sh", "-c", '"$@" >/dev/null 2>&1 & echo $!', "sh", *server.command()]
    started = subprocess.run(fork, env=environment, capture_output=True, text=True, check=True)
    found = ProcessId.of(int(started.stdout))
    assert found
    return found


def record(process: ProcessId, fingerprint: str) -> Record:
    return Record(pid=process.pid, started=process.started, fingerprint=fingerprint)


def noted(layout: Layout) -> Record:
    return Record.load(layout.record(Sleeper.name))


class Kept:
    """A keeper, and the plan that it follows."""

    def __init__(self, server: Server | None, layout: Layout) -> None:
        self.wanted = server
        self.asked = 0
        self.keeper = Keeper(Sleeper.name, layout, self._answer)

    def _answer(self, _: str) -> Server | None:
        self.asked += 1
        return self.wanted

    def __enter__(self) -> "Kept":
        self.keeper.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.keeper.close()
        self.keeper.wait()


def runs(layout: Layout) -> ProcessId:
    found = wait_for(lambda: noted(layout).process, SECONDS, "it runs", 0.02)
    assert found
    return found


def test_what_no_record_knows_is_ended(layout: Layout, server: Sleeper) -> None:
    stray = left(server)
    with Kept(server, layout):
        assert runs(layout) != stray
        assert members(layout.root) == [runs(layout)]
    assert not stray.alive


def test_what_belongs_to_another_server_or_another_devstack_is_left_alone(layout: Layout, server: Sleeper) -> None:
    others = [left(server, name="other"), left(server, root=layout.root / "another")]
    try:
        with Kept(server, layout):
            runs(layout)
            assert all(other.alive for other in others)
    finally:
        terminate(others, 5)


def test_what_the_record_knows_is_taken_over_with_what_it_has_started(layout: Layout) -> None:
    server = Sleeper(layout, Plan(), child=True)
    running = left(server)
    family = wait_for(lambda: found if len(found := running.family()) == 2 else [], SECONDS, "its child runs", 0.02)
    record(running, server.fingerprint).save(layout.record(server.name))
    stray = left(server)
    with Kept(server, layout):
        wait_for(lambda: not stray.alive, SECONDS, "the stray is ended", 0.02)
        assert all(process.alive for process in family)
        assert noted(layout).process == running
    assert not any(process.alive for process in family)


@pytest.mark.parametrize(("seconds", "word"), [("500", "well"), ("600", "badly")], ids=["command", "environment"])
def test_what_was_started_otherwise_is_replaced(layout: Layout, server: Sleeper, seconds: str, word: str) -> None:
    old = Sleeper(layout, Plan(), seconds, word)
    stale = left(old)
    record(stale, old.fingerprint).save(layout.record(server.name))
    with Kept(server, layout):
        wait_for(lambda: not stale.alive, SECONDS, "the stale process is ended", 0.02)
        assert (runs(layout) != stale, noted(layout).fingerprint) == (True, server.fingerprint)
        assert noted(layout).restarts == 0, "it was replaced on purpose"


def test_what_runs_is_replaced_when_the_plan_says_otherwise_and_only_then(layout: Layout, server: Sleeper) -> None:
    with Kept(server, layout) as kept:
        first = runs(layout)
        kept.wanted, asked = Sleeper(layout, Plan()), kept.asked  # another object of the same server
        wait_for(lambda: kept.asked > asked + 2, SECONDS, "it has looked at the plan again", 0.02)
        assert first.alive
        kept.wanted = replace(server, seconds="700")
        wait_for(lambda: runs(layout) != first, SECONDS, "it is replaced", 0.02)
        assert not first.alive
