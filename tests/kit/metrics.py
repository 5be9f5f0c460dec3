"""User metrics of a job, asked where they are made: at the TaskManager's Prometheus endpoint.

The JobManager's REST interface shows them ten seconds late, and as they were before a TaskManager died for as long as
`web.timeout`.
"""

import re
import urllib.request

import psutil

from devstack.stack import Stack

PORTS = range(9249, 9350)


def user_metric(stack: Stack, job_id: str, name: str) -> int | None:
    """A metric, added up over all subtasks of a job's present attempt; None while no subtask tells any.

    Args:
        name: behind the name of its group, if it has one: `dimension_queries_failed`.
    """
    pattern = re.compile(
        rf'^flink_taskmanager_job_task_operator_{name}\{{[^}}]*job_id="{job_id}"[^}}]*\}} (\S+)$', re.MULTILINE
    )
    found = [int(float(value)) for pid in stack.pids("taskmanager") for value in pattern.findall(_exposed(pid))]
    return sum(found) if found else None


def _exposed(taskmanager: int) -> str:
    """What the TaskManager tells Prometheus; nothing while it starts or ends."""
    try:
        connections = psutil.Process(taskmanager).net_connections(kind="tcp")
        ports = {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN} & {*PORTS}
        pages = []
        for port in ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                pages.append(answer.read().decode())
    except (psutil.NoSuchProcess, OSError):
        return ""
    return "\n".join(pages)
