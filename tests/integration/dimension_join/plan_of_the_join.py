"""Prints, for two builds of the join in one process, each operator's uid and name. No job is submitted."""

import json
from typing import Any

from pyflink_jobs._runtime import environment
from pyflink_jobs.dimension_join import build, resolve_config


def operators() -> list[dict[str, Any]]:
    """What the job's stream graph holds, in the order of the operators' numbers."""
    config = resolve_config()
    env, tables = environment(config.batches)
    build(tables, config)
    nodes = env._j_stream_execution_environment.getStreamGraph(True).getStreamNodes().toArray()
    return [
        {"uid": node.getTransformationUID(), "name": node.getOperatorName()}
        for node in sorted(nodes, key=lambda each: int(each.getId()))
    ]


if __name__ == "__main__":
    print(json.dumps([operators(), operators()]))
