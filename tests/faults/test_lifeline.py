"""A Python worker dies with its TaskManager: shown on a tree of processes like Flink's, java -> bash -> python."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.kit.waiting import wait_for

WORKER = """
import os, sys, time
from clickstream import lifeline
if sys.argv[1] == "follows":
    assert lifeline.follow() is not None
with open(sys.argv[2] + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[2] + ".new", sys.argv[2])
time.sleep(120)
"""

Tree = tuple[subprocess.Popen[bytes], psutil.Process]


@pytest.fixture
def start_tree(tmp_path: Path) -> Iterator[Callable[[str], Tree]]:
    """Starts a process called java, below it a shell, below that a Python worker; gives the first and the last."""
    java = tmp_path / "java"
    java.symlink_to("/bin/bash")
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    trees: list[Tree] = []

    def start(kind: str) -> Tree:
        pid_file = tmp_path / f"{kind}.pid"
        # Something follows each command, so that no shell makes way for what it runs.
        inner = f'"{sys.executable}" "{script}" {kind} "{pid_file}"; true'
        top = subprocess.Popen([str(java), "-c", f"/bin/bash -c '{inner}'; true"])
        wait_for(pid_file.exists, 30, "the worker started")
        trees.append((top, psutil.Process(int(pid_file.read_text()))))
        return trees[-1]

    yield start
    for top, worker in trees:
        if worker.is_running():
            worker.kill()
        top.kill()
        top.wait()


def test_a_worker_that_follows_dies_within_seconds_of_a_kill_that_another_one_survives(
    start_tree: Callable[[str], Tree],
) -> None:
    bare_top, bare = start_tree("stays")
    top, follower = start_tree("follows")
    assert [parent.name() for parent in follower.parents()[:2]] == ["bash", "java"]

    os.kill(bare_top.pid, signal.SIGKILL)
    bare_top.wait()
    os.kill(top.pid, signal.SIGKILL)
    top.wait()

    assert psutil.wait_procs([follower], timeout=10)[0] == [follower]
    # The other one was killed no later, and nothing tells it.
    assert bare.is_running()
    assert bare.status() != psutil.STATUS_ZOMBIE
