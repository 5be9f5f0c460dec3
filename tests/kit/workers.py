"""The Python workers of a TaskManager."""

import psutil


def python_workers(taskmanager: int) -> list[psutil.Process]:
    """Processes below the TaskManager that run Python operators."""
    return [child for child in psutil.Process(taskmanager).children(recursive=True) if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any(part.startswith("pyflink.fn_execution") for part in process.cmdline())
    except psutil.NoSuchProcess:
        return False
