"""Rows for the table `t`, and sinks that write them."""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from clickstream.config.clickhouse import parse_cluster
from clickstream.retry import RetryPolicy
from sinks.clickhouse.batch import Batch, Positions
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.writer import Writer

QUICK = RetryPolicy(attempts=8, initial=0.02, maximum=0.2, at_least=0)


def row(n: int, day: str = "2026-01-15", **fields: Any) -> dict[str, Any]:
    return {"n": n, "day": day, "key": f"user-{n}", "kind": "a", "_epoch": 1, "_partition": 0, "_offset": n, **fields}


def batch_of(rows: list[dict[str, Any]]) -> Batch:
    positions = Positions.of(
        [each["_epoch"] for each in rows], [each["_partition"] for each in rows], [each["_offset"] for each in rows]
    )
    return Batch.of([json.dumps(each).encode() for each in rows], positions, [each["key"] for each in rows])


def config(*urls: str, table: str = "t", **changes: Any) -> ClickHouseSinkConfig:
    """A sink with one shard for each address, quick to try again."""
    return replace(
        ClickHouseSinkConfig(cluster=parse_cluster(";".join(urls)), table=table, policy=QUICK, health_interval=0.05),
        **changes,
    )


def sort(writer: Writer, batch: Batch) -> tuple[list[bool], list[bool]]:
    repeated, held = writer.sort(batch.positions, np.zeros(len(batch), dtype=np.int64))
    return repeated.tolist(), held.tolist()
