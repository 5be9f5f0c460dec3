"""`make bench-sink`: every variant on one topic and one table, in one run.

All that write rows are measured between the moments at which 10 % and 90 % of them were there: starting processes, and
the wait of a last partial batch, belong to none of them. The ceiling is measured by its job's duration. Every table is
verified afterwards, to the last row.
"""

import argparse
import os
import subprocess
import sys
import time
import uuid

from rich.console import Console
from rich.table import Table

from bench.results import Variant, write
from bench.sink.measured import Bench, growth
from clickstream.errors import ClickstreamError
from clickstream.names import JOB_CLICKHOUSE_SINK
from devstack.demo.job import get
from devstack.stack import Stack

DIRECTORY = ".devstack/bench"


def main() -> None:
    """Run what was asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=2_000_000)
    options.add_argument("--parallelism", type=int, default=2)
    options.add_argument("--only", default="ceiling,job,keyed_buffer,plain,textbook")
    options.add_argument(
        "--marts", action="store_true", help="with the materialised views of the marts behind the table"
    )
    options.add_argument("--out", default="sink", help="name of the file under bench/out")
    chosen = options.parse_args()
    stack = Stack(DIRECTORY)
    stack.up(only=["kafka", "clickhouse", "flink"], clickhouse_nodes=1)
    try:
        os.environ.update(stack.environment())
        os.environ["BENCH_PARALLELISM"] = str(chosen.parallelism)
        bench = Bench(f"bench-{uuid.uuid4().hex[:8]}", chosen.parallelism, stack, marts=chosen.marts)
        bench.prepare(chosen.events)
        variants = [run(name, bench) for name in chosen.only.split(",")]
        bench.clean()
    finally:
        stack.down()
    path = write(chosen.out, variants)
    show(variants)
    print(f"written to {path}")
    if wrong := [variant.name for variant in variants if not variant.verified]:
        sys.exit(f"not verified: {', '.join(wrong)}")


def run(name: str, bench: Bench) -> Variant:
    """One variant by name."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    if name == "ceiling":
        return ceiling(bench)
    if name == "plain":
        return plain(bench)
    if name == "job":
        return flink(bench, name, "pyflink_jobs/clickhouse_sink.py", JOB_CLICKHOUSE_SINK)
    if name == "keyed_buffer":
        return flink(bench, name, "bench/sink/keyed_buffer.py", "bench-keyed-buffer")
    if name == "textbook":
        return flink(bench, name, "bench/sink/textbook.py", "bench-textbook")
    raise ClickstreamError(f"there is no variant {name}")


def flink(bench: Bench, name: str, file: str, job_name: str) -> Variant:
    """A job that writes rows."""
    bench.truncate()
    with bench.job(file, job_name):
        events, seconds = growth(bench)
        verified = bench.verified()
    return Variant(name, events, round(seconds, 3), round(events / seconds), verified)


def plain(bench: Bench) -> Variant:
    """The loop without Flink."""
    bench.truncate()
    command = [sys.executable, "-m", "bench.sink.plain", bench.topic, bench.table, str(bench.events)]
    with subprocess.Popen(command) as process:
        events, seconds = growth(bench, process.pid)
        verified = bench.verified()
        process.wait()
    return Variant("plain", events, round(seconds, 3), round(events / seconds), verified)


def ceiling(bench: Bench) -> Variant:
    """Kafka -> discard: from the moment at which its task runs."""
    with bench.job("bench/sink/ceiling.py", "bench-ceiling", finishes=True) as job:
        while (state := job.state()) != "FINISHED":
            if state == "FAILED":
                raise ClickstreamError(f"the ceiling failed: {job.failure()}")
            time.sleep(0.2)
        vertex = get(job.rest_url, f"/jobs/{job.id}")["vertices"][0]
        seconds = vertex["duration"] / 1000
    finished = job.state() == "FINISHED"  # a bounded job: it ends when the last record is read
    return Variant("ceiling", bench.events, seconds, round(bench.events / seconds), verified=finished)


def show(variants: list[Variant]) -> None:
    """The table for bench/README.md."""
    by_name = {variant.name: variant for variant in variants}
    shown = Table(title=f"Kafka -> ClickHouse, {os.cpu_count()} cores for everything")
    for heading in ("variant", "events", "seconds", "events/s", "job / this", "verified"):
        shown.add_column(heading, justify="right")
    job = by_name.get("job")
    for variant in variants:
        ratio = f"{job.events_per_s / variant.events_per_s:.2f}" if job else ""
        shown.add_row(
            variant.name,
            f"{variant.events:,}",
            f"{variant.seconds:.1f}",
            f"{variant.events_per_s:,.0f}",
            ratio,
            "yes" if variant.verified else "NO",
        )
    Console().print(shown)


if __name__ == "__main__":
    main()
