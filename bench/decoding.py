"""What decoding a micro-batch costs by the number of events that are objects at a time: processor time, one process.

    python -m bench.decoding

Ten thousand events of the generator, of one partition, to columns (the jobs on Redis) and to rows (the ClickHouse
sink). The least of some rounds counts, for whatever else runs only adds to it.
"""

import argparse
import gc
import time
from collections.abc import Callable
from unittest.mock import patch

import numpy as np

from clickstream import columns_decoder
from clickstream.columns_decoder import OdsColumns
from clickstream.config.kafka import Source
from clickstream.events.decode import AT_ONCE, Limits
from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import generate
from sinks.clickhouse import rows
from sinks.clickhouse.rows import BehaviorRows, Records

EVENTS = 10_000
START_MS = 1_760_000_000_000


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=30)
    rounds = options.parse_args().rounds
    records = _records()
    to_columns, to_rows = OdsColumns(1, Limits()), BehaviorRows(Source.ODS, 1)
    ways: dict[str, Callable[[], object]] = {
        "columns": lambda: to_columns.decode(0, records.values, records.offsets, records.timestamps),
        "rows": lambda: to_rows.rows(records),
    }
    gc.disable()  # as good as in the workers, which look for garbage seldom
    print(f"us an event, {len(records):,} events of {sum(map(len, _values(records))) // len(records)} bytes")
    print(f"{'at a time':>10} " + " ".join(f"{way:>8}" for way in ways))
    for at_once in (EVENTS, 2_000, 1_000, AT_ONCE, 250, 100, 50):
        with patch.object(columns_decoder, "AT_ONCE", at_once), patch.object(rows, "AT_ONCE", at_once):
            taken = [_least(way, rounds) / len(records) * 1e6 for way in ways.values()]
        print(f"{at_once:>10,} " + " ".join(f"{each:>8.2f}" for each in taken), flush=True)


def _records() -> Records:
    model = TrafficModel(events=2 * EVENTS, start_ms=START_MS, duplicates=0, malformed=0, late=0)
    values = [value for chunk in generate(model) for value in chunk.values][:EVENTS]
    count = len(values)
    return Records(values, np.zeros(count, np.int64), np.arange(count), np.full(count, START_MS + 3_600_000))


def _values(records: Records) -> list[bytes]:
    return [value for value in records.values if value is not None]


def _least(way: Callable[[], object], rounds: int) -> float:
    least = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        way()
        least = min(least, time.process_time() - begun)
    return least


if __name__ == "__main__":
    main()
