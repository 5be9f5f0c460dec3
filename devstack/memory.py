"""How much memory processes take: their proportional share, so that pages shared by several count once."""

from collections.abc import Iterable

import psutil


def tree(pid: int) -> int:
    """Bytes of a process and all its descendants (a TaskManager's Python workers); 0 when it has ended."""
    try:
        process = psutil.Process(pid)
        return total([pid, *(child.pid for child in process.children(recursive=True))])
    except psutil.NoSuchProcess:
        return 0


def total(pids: Iterable[int]) -> int:
    """Bytes of these processes; one that has ended, or that is not ours to ask, counts nothing."""
    found = 0
    for pid in pids:
        try:
            found += psutil.Process(pid).memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def shown(size: int) -> str:
    """In MiB; nothing of nothing."""
    return f"{size / 2**20:,.0f}" if size else ""
