"""Works out the tables of docs/operations/sizing.md from what was measured, and puts them there.

    python -m bench.sizing          # write them
    python -m bench.sizing --check  # exit status 1 when the page is not what the measurements make of it

Rates are those of bench/README.md, sizes those that the page itself names as measured. So a new measurement is one
command away from the page, and a test fails until it was given.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "operations" / "sizing.md"
BENCH = ROOT / "bench" / "README.md"

AVERAGE, PEAK = 11_600, 60_000  # events/s
PARTITIONS = 12
# Of what was measured, how much is planned with at the peak: the rest catches up after a restart.
SHARE = 0.6
MEASURED_CORES = 2
KAFKA_DAYS, KAFKA_REPLICAS = 7, 3
CLICKHOUSE_DAYS, CLICKHOUSE_REPLICAS = 90, 2
DAY = 86_400
# The published small setup: 200 yuan a month for 2 cores and 4 GB.
YUAN_CORE = 100

# Manifest in deploy/k8s by variant in bench/README.md.
JOBS = {
    "dimension_join": "dimension-join",
    "job": "clickhouse-sink",
    "item_hot_score": "item-hot-score",
    "realtime_metrics": "realtime-metrics",
    "user_recent": "user-recent",
}


# Of the table of processor time: the job's, which begins with ClickHouse's.
CLICKHOUSE_ROW = r"^\| job \| (\d+) \| \d+ \(workers\)"


class SizingError(Exception):
    """A page does not say what is read from it."""


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        rates: events/s of each of JOBS on two cores that broker and servers share.
        clickhouse_ms: processor time of ClickHouse for 10,000 rows.
        sizes: bytes for each event by where it lies.
    """

    rates: Mapping[str, int]
    clickhouse_ms: int
    sizes: Mapping[str, int]

    @classmethod
    def read(cls, bench: str, page: str) -> Self:
        """Out of both pages.

        Raises:
            SizingError: a figure is not where it was.
        """
        return cls(
            rates={job: _number(bench, _rate_row(job), f"the rate of {job} in bench/README.md") for job in JOBS},
            clickhouse_ms=_number(
                bench, r"^\| job \| (\d+) \| \d+ \(workers\)", "ClickHouse's time in bench/README.md"
            ),
            sizes={
                name: _number(page, rf"^\| {re.escape(name)} \| ([\d,]+) \|", f"the size {name!r} in sizing.md")
                for name in ("ODS in Kafka", "DWD in Kafka", "row in ClickHouse, marts included")
            },
        )

    def core(self, job: str) -> float:
        """Events/s of one core."""
        return self.rates[job] / MEASURED_CORES

    def subtasks(self, job: str) -> int:
        """So many that the peak takes SHARE of them, and that they read equally many partitions."""
        needed = PEAK / (self.core(job) * SHARE)
        return next(
            (each for each in range(1, PARTITIONS + 1) if each >= needed and PARTITIONS % each == 0), ceil(needed)
        )

    def shared(self, *jobs: str) -> float:
        """Events/s of two cores on which all these jobs run."""
        return MEASURED_CORES / sum(1 / self.core(job) for job in jobs)


def jobs(measured: Measured) -> str:
    """Subtasks of each job."""
    lines = ["| job | events/s on 2 cores | of one core | cores at the peak | subtasks |", "|---|--:|--:|--:|--:|"]
    for job, name in JOBS.items():
        core = measured.core(job)
        lines.append(
            f"| {name} | {measured.rates[job]:,} | {core:,.0f} | {PEAK:,} / ({core:,.0f} x {SHARE}) = "
            f"{PEAK / (core * SHARE):.1f} | {measured.subtasks(job)} |"
        )
    total = sum(map(measured.subtasks, JOBS))
    return "\n".join([*lines, f"| together | | | | {total} |"])


def disks(measured: Measured) -> str:
    """Kafka and ClickHouse."""
    topics = measured.sizes["ODS in Kafka"] + measured.sizes["DWD in Kafka"]
    row = measured.sizes["row in ClickHouse, marts included"]
    lines = ["| where | events | bytes each | copies | together |", "|---|--:|--:|--:|--:|"]
    for name, days, size, copies in (
        ("Kafka, ODS and DWD", KAFKA_DAYS, topics, KAFKA_REPLICAS),
        ("ClickHouse", CLICKHOUSE_DAYS, row, CLICKHOUSE_REPLICAS),
    ):
        events = AVERAGE * DAY * days
        lines.append(
            f"| {name}, {days} days | {AVERAGE:,} x {DAY:,} x {days} = {events / 1e9:.1f} billion | {size:,} | "
            f"{copies} | {_terabytes(events * size * copies)} |"
        )
    return "\n".join(lines)


def clickhouse(measured: Measured) -> str:
    """Processor time of inserts into the table."""
    cores = PEAK / 10_000 * measured.clickhouse_ms / 1_000
    return (
        f"{PEAK:,} / 10,000 x {measured.clickhouse_ms} ms = {cores:.1f} cores at the peak, "
        f"{cores / SHARE:.1f} with the same reserve."
    )


def small(measured: Measured) -> str:
    """What two cores of Flink carry."""
    serving = ("job", "item_hot_score", "realtime_metrics")
    sets = {
        "sink alone": ("job",),
        "sink, hot items, live metrics (on ODS)": serving,
        "these and recent items": (*serving, "user_recent"),
        "all five (on DWD)": tuple(JOBS),
    }
    lines = ["| jobs | events/s of 2 cores | planned with | events a day at that rate |", "|---|--:|--:|--:|"]
    for name, chosen in sets.items():
        rate = measured.shared(*chosen)
        lines.append(f"| {name} | {rate:,.0f} | {rate * SHARE:,.0f} | {rate * SHARE * DAY / 1e6:,.0f} million |")
    return "\n".join(lines)


def small_disks(measured: Measured) -> str:
    """Disks of a small setup, for each thousand events a second."""
    topic, row = measured.sizes["ODS in Kafka"], measured.sizes["row in ClickHouse, marts included"]
    kafka, table = 1_000 * DAY * KAFKA_DAYS * topic * KAFKA_REPLICAS, 1_000 * DAY * CLICKHOUSE_DAYS * row
    return (
        f"For each 1,000 events/s on average: {_terabytes(kafka)} in Kafka ({KAFKA_DAYS} days of ODS, {KAFKA_REPLICAS} "
        f"replicas), {_terabytes(table)} in ClickHouse ({CLICKHOUSE_DAYS} days, one replica)."
    )


def cost(measured: Measured) -> str:
    """Cores by what they are for, at the published price."""
    subtasks = sum(map(measured.subtasks, JOBS))
    rows = {
        "Flink: a core a subtask, half a core for each JobManager": subtasks + len(JOBS) / 2,
        "Kafka: 3 brokers of 4": 12.0,
        "ClickHouse: 2 shards of 2 replicas of 8": 32.0,
        "collector and analytics: 4 and 2 pods of 1": 6.0,
        "Redis 2, MySQL 2, MongoDB 2": 6.0,
    }
    lines = ["| what | cores | yuan a month |", "|---|--:|--:|"]
    lines += [f"| {name} | {cores:g} | {cores * YUAN_CORE:,.0f} |" for name, cores in rows.items()]
    total = sum(rows.values())
    return "\n".join([*lines, f"| together | {total:g} | {total * YUAN_CORE:,.0f} |"])


TABLES: Mapping[str, Callable[[Measured], str]] = {
    "jobs": jobs,
    "disks": disks,
    "clickhouse": clickhouse,
    "cost": cost,
    "small": small,
    "small-disks": small_disks,
}


def page(bench: str, text: str) -> str:
    """The page with every table as the measurements make it.

    Raises:
        SizingError: a figure or a place for a table is missing.
    """
    measured = Measured.read(bench, text)
    for name, make in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SizingError(f"sizing.md has no place for the table {name!r}: {begin} ... {end}")
        text = f"{before}{begin}\n{make(measured)}\n{end}{after}"
    return text


def _rate_row(job: str) -> str:
    # The sink's table says events and seconds before the rate; the other table begins with it.
    return r"^\| job \| [\d,]+ \| [\d.]+ \| ([\d,]+) \|" if job == "job" else rf"^\| {job} \| ([\d,]+) \|"


def _number(text: str, pattern: str, what: str) -> int:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise SizingError(f"{what} is not where it was: {pattern}")
    return int(found[1].replace(",", ""))


def _terabytes(size: float) -> str:
    return f"{size / 1e12:.1f} TB"


def main() -> int:
    """Write the page, or check it."""
    text = PAGE.read_text(encoding="utf-8")
    try:
        wanted = page(BENCH.read_text(encoding="utf-8"), text)
    except SizingError as error:
        print(f"clickstream: {error}", file=sys.stderr)
        return 1
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        print(f"{PAGE.relative_to(ROOT)} is not what the measurements make of it: run make sizing", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
