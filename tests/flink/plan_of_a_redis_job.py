"""Prints, for two builds of each job in one process, each operator's uid and name. No job is submitted."""

import importlib
import json
import sys
from typing import Any

from pyflink_jobs._runtime import MicroBatches, environment


def operators(job: Any) -> list[dict[str, Any]]:
    """What the job's stream graph holds, in the order of the operators' numbers."""
    env, tables = environment(MicroBatches(1000, 0.05))
    job.build(tables, job.resolve_config())
    nodes = env._j_stream_execution_environment.getStreamGraph(True).getStreamNodes().toArray()
    return [
        {"uid": node.getTransformationUID(), "name": node.getOperatorName()}
        for node in sorted(nodes, key=lambda each: int(each.getId()))
    ]


if __name__ == "__main__":
    named = {name: importlib.import_module(f"pyflink_jobs.{name}") for name in sys.argv[1:]}
    print(json.dumps({name: [operators(job), operators(job)] for name, job in named.items()}))
