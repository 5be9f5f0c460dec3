"""`make bench-layout`: bytes for each event and times of queries, in one table for each layout; the rate of inserts.

Every table holds the same rows, merged, which is verified. Times are the median of RUNS runs, one query at a time, the
files in the page cache. Written to bench/out/layout.json. With 10 million events it takes about 10 minutes where
nothing else runs; --only takes the names of the layouts that are wanted.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from bench.filled import TENANT, Filled, client, fill, server
from bench.layout.candidates import LAYOUTS, SHIPPED, Layout
from bench.layout.rates import Rate, rates
from bench.progress import say
from bench.results import OUT
from clickstream.clickhouse_client import number
from clickstream.errors import UnavailableError
from clickstream.names import TABLE_BEHAVIORS_LOCAL

RUNS = 7
_LARGEST = 6
_TRIES = 20
# Of all rows, whatever their order.
_SUM = "SELECT count(), sum(cityHash64(event_id, user_id, timestamp, received_at, x, y, position, _offset)) FROM "


def queries(filled: Filled) -> dict[str, str]:
    """What is asked of every layout: `{table}` is to be filled in."""
    first = f"{filled.last - timedelta(days=7):%Y-%m-%d}"
    place = f"tenant_id = '{TENANT}' AND scenario_id = 'home' AND date >= '{first}'"
    return {
        "trend of a place, 7 days": "SELECT toStartOfHour(timestamp) AS h, countIf(action_type = 'click'), "
        f"uniqExact(user_id) FROM {{table}} WHERE {place} GROUP BY h FORMAT Null",
        "funnel of a tenant, 7 days": "SELECT level, count() FROM (SELECT windowFunnel(86400)(toDateTime(timestamp), "
        "action_type = 'impression', action_type = 'click', action_type = 'order') AS level FROM {table} "
        f"WHERE tenant_id = '{TENANT}' AND date >= '{first}' GROUP BY user_id) GROUP BY level FORMAT Null",
        "all of one user": f"SELECT * FROM {{table}} WHERE tenant_id = '{TENANT}' AND user_id = "
        f"(SELECT any(user_id) FROM {TABLE_BEHAVIORS_LOCAL} WHERE tenant_id = '{TENANT}') FORMAT Null",
        "the sink's look-up of offsets": "SELECT _epoch, _partition, _offset FROM {table} WHERE _epoch = 1 AND "
        f"_partition = 0 AND _offset BETWEEN {max(0, filled.rows - 50_000)} AND {filled.rows} FORMAT Null",
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """One layout.

    Attributes:
        name: of the layout.
        bytes_per_event: on disk, merged.
        json_ratio: bytes of the events as JSON for each of these.
        copy_seconds: to make the table from another one.
        largest_columns: bytes for each event.
        median_ms: of each query.
    """

    name: str
    bytes_per_event: float
    json_ratio: float
    copy_seconds: float
    largest_columns: dict[str, float]
    median_ms: dict[str, float]


def main() -> None:
    """Measure every layout."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=10_000_000)
    options.add_argument("--directory", default=".devstack/bench")
    known = {each.name: each for each in LAYOUTS}
    options.add_argument("--only", default=",".join(known), help="names of layouts, with commas")
    chosen = options.parse_args()
    if unknown := set(chosen.only.split(",")) - known.keys():
        options.error(f"--only {', '.join(unknown)}: there are {', '.join(known)}")
    wanted = [known[name] for name in chosen.only.split(",")]
    with server(chosen.directory) as settings, client(settings) as connection:
        inserted = rates(settings, connection, chosen.events)
        filled = fill(settings, chosen.events)
        expected = connection.query(_SUM + TABLE_BEHAVIORS_LOCAL).result_rows
        found = [measure(connection, layout, filled, expected) for layout in wanted]
    document = {
        "cores": os.cpu_count(),
        "events": filled.rows,
        "json_bytes_per_event": round(filled.json_bytes / filled.rows, 1),
        "inserts": [asdict(each) for each in inserted],
        "layouts": [asdict(each) for each in found],
    }
    OUT.mkdir(exist_ok=True)
    (OUT / "layout.json").write_text(json.dumps(document, indent=1) + "\n")
    show(document, inserted, found)


def measure(connection: Client, layout: Layout, filled: Filled, expected: Sequence[Sequence[object]]) -> Measured:
    """One layout; its table is gone afterwards."""
    table = f"layout_{layout.name}"
    began = time.perf_counter()
    for statement in layout.statements(TABLE_BEHAVIORS_LOCAL):
        connection.command(statement)
    _merge(connection, table)
    seconds = time.perf_counter() - began
    rows = connection.query(_SUM + table).result_rows
    assert rows == expected, f"{table} holds other rows: {rows}, not {expected}"
    size = number(
        connection,
        "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() "
        f"AND table = '{table}'",
    )
    largest = connection.query(
        "SELECT name, data_compressed_bytes FROM system.columns WHERE database = currentDatabase() "
        f"AND table = '{table}' ORDER BY data_compressed_bytes DESC LIMIT {_LARGEST}"
    ).result_rows
    times = {name: _median(connection, sql.format(table=table)) for name, sql in queries(filled).items()}
    connection.command(f"DROP TABLE {table} SYNC")
    say(f"{layout.name}: {size / filled.rows:.1f} bytes an event, made in {seconds:.0f} s")
    return Measured(
        name=layout.name,
        bytes_per_event=round(size / filled.rows, 2),
        json_ratio=round(filled.json_bytes / size, 2),
        copy_seconds=round(seconds, 2),
        largest_columns={name: round(part / filled.rows, 2) for name, part in largest},
        median_ms=times,
    )


def _merge(connection: Client, table: str) -> None:
    """Bring each partition into one part, however long merges of the server's own stand in the way."""
    most = (
        "SELECT max(parts) FROM (SELECT count() AS parts FROM system.parts WHERE active AND rows > 0 "
        f"AND database = currentDatabase() AND table = '{table}' GROUP BY partition_id)"
    )
    for _ in range(_TRIES):
        connection.command(f"OPTIMIZE TABLE {table} FINAL")
        if number(connection, most) == 1:
            return
    raise UnavailableError(f"{table} was not merged by {_TRIES} times OPTIMIZE: is the disk full?")


def _median(connection: Client, sql: str) -> float:
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        connection.command(sql)
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times[1:]), 1)


def show(document: Mapping[str, object], inserted: list[Rate], found: list[Measured]) -> None:
    """Print it."""
    console = Console(width=160)
    console.print(f"{document['events']:,} events, {document['json_bytes_per_event']} bytes each as JSON")
    ways = Table("inserted", "rows an insert", "inserts at a time", "rows/s")
    for rate in inserted:
        ways.add_row(
            "with marts" if rate.marts else "without", *map("{:,}".format, (rate.batch, rate.writers, rate.rows_per_s))
        )
    console.print(ways)
    names = list(found[0].median_ms)
    shown = Table("layout", "bytes/event", "JSON / this", "copied in s", *(f"{name}, ms" for name in names))
    for each in found:
        shown.add_row(
            each.name + (" *" if each.name == SHIPPED else ""),
            *(f"{value}" for value in (each.bytes_per_event, each.json_ratio, each.copy_seconds)),
            *(f"{each.median_ms[name]}" for name in names),
        )
    console.print(shown)
    console.print("bytes/event of the largest columns:")
    for each in found:
        console.print(f"  {each.name}: {each.largest_columns}", highlight=False, soft_wrap=True)


main()
