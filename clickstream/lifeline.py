"""A worker process that dies with its TaskManager.

A Python worker's parent is a shell, and above that the TaskManager's JVM. When the JVM is killed with -9 the shell and
the worker live on: the worker could finish an insert after the job's next attempt has looked what is in the table.
Neither PR_SET_PDEATHSIG nor a look at getppid() sees the death of a grandparent, a file descriptor on it does.
"""

import logging
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

_started = threading.Lock()
_watched: int | None = None


def follow(command: str = "java", end: Callable[[], None] = lambda: os._exit(70)) -> int | None:
    """End this process at once, without any clean-up, when its nearest ancestor of that command's name ends.

    Starts one thread a process, however often it is called.

    Returns:
        The ancestor's pid; None where there is none, as in a job that runs inside its own client for a test.
    """
    global _watched  # noqa: PLW0603 - a process has one parent
    with _started:
        if _watched is not None:
            return _watched
        pid = ancestor(command)
        if pid is None:
            logger.warning("no ancestor of process %d is called %s: nothing to follow", os.getpid(), command)
            return None
        descriptor = os.pidfd_open(pid)
        if ancestor(command) != pid:  # it died in between, and the number may be another process's by now
            end()
        threading.Thread(target=_wait, args=(descriptor, end), name="lifeline", daemon=True).start()
        _watched = pid
        return pid


def ancestor(command: str) -> int | None:
    """Pid of the nearest ancestor whose command name (as in /proc/PID/comm) is the given one."""
    pid = os.getppid()
    while pid > 0:
        try:
            status = (Path("/proc") / str(pid) / "status").read_text()
        except OSError:
            return None
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        if fields.get("Name") == command:
            return pid
        pid = int(fields.get("PPid", "0"))
    return None


def _wait(descriptor: int, end: Callable[[], None]) -> None:
    select.select([descriptor], [], [])
    end()
