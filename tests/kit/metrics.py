"""User metrics of a job, asked where they are made: at the TaskManager's Prometheus endpoint.

The JobManager's REST interface shows them ten seconds late, and as they were before a TaskManager died for as long as
`web.timeout`.
"""

import re
import urllib.request

from devstack.stack import Stack


def user_metric(stack: Stack, job_id: str, name: str) -> int | None:
    """A metric, added up over all subtasks of a job's present attempt; None while no subtask tells any.

    Args:
        name: behind the name of its group, if it has one: `dimension_queries_failed`.
    """
    full = f"flink_taskmanager_job_task_operator_{name}"
    pattern = re.compile(rf'^{full}\{{[^}}]*job_id="{job_id}"[^}}]*\}} (\S+)$', re.MULTILINE)
    found = [int(float(value)) for value in pattern.findall(_exposed(stack, full))]
    return sum(found) if found else None


def _exposed(stack: Stack, name: str) -> str:
    """What the TaskManager tells Prometheus of one metric; nothing while it starts or ends.

    Asked for all of them, it makes thousands of lines each time.
    """
    try:
        port = stack.plan.ports["flink-taskmanager-metrics"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics?name[]={name}", timeout=30) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
