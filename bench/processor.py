"""Where the processor's time goes: seconds by kind of process, Flink's Python workers apart from its JVM."""

from collections import defaultdict
from collections.abc import Mapping

import psutil

from devstack.stack import Stack

_KINDS = {
    "clickhouse-1": "ClickHouse",
    "jobmanager": "JobManager",
    "taskmanager": "TaskManager",
    "kafka": "Kafka",
    "redis": "Redis",
    "mysql": "MySQL",
}


def seconds(stack: Stack, loop: int | None = None) -> Mapping[str, float]:
    """Processor seconds so far, of the servers and of the workers that live now.

    Args:
        stack: of the servers.
        loop: a process without Flink that does the work.
    """
    found: defaultdict[str, float] = defaultdict(float)
    if loop is not None:
        found["loop"] = _of(loop)
    for name, kind in _KINDS.items():
        for pid in stack.pids(name):
            found[kind] += _of(pid)
            for child in _children(pid):
                found["Python workers"] += _of(child)
    return found


def told(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """The difference, largest first."""
    spent = {kind: after[kind] - before.get(kind, 0.0) for kind in after}
    return ", ".join(f"{kind} {took:.1f} s" for kind, took in sorted(spent.items(), key=lambda pair: -pair[1]))


def per_batch(before: Mapping[str, float], after: Mapping[str, float], rows: int) -> str:
    """The difference in milliseconds for each 10,000 rows, largest first."""
    spent = {kind: (after[kind] - before.get(kind, 0.0)) / rows * 1e7 for kind in after}
    return ", ".join(
        f"{kind} {took:.0f}" for kind, took in sorted(spent.items(), key=lambda pair: -pair[1]) if took >= 1
    )


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _of(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
