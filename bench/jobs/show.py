"""The table of `make bench-jobs`."""

import os

from rich.console import Console
from rich.table import Table

from bench.jobs.variants import goal
from bench.results import Variant


def show(results: list[Variant]) -> None:
    """Print rates, ratios to the job, and whether each goal is met."""
    rates = {result.name: result.events_per_s for result in results}
    table = Table(title=f"The jobs, {os.cpu_count()} cores for everything")
    for heading in ("variant", "events/s", "seconds", "job / this", "goal", "met", "verified"):
        table.add_column(heading, justify="left" if heading == "variant" else "right")
    for result in results:
        wanted, job = goal(result.name), rates.get(result.name.partition(":")[0])
        ratio = job / result.events_per_s if job and wanted and result.events_per_s else None
        table.add_row(
            result.name,
            f"{result.events_per_s:,}",
            f"{result.seconds:.1f}",
            f"{ratio:.2f}" if ratio else "",
            f"{wanted:g}" if wanted else "",
            ("yes" if ratio >= wanted else "NO") if ratio and wanted else "",
            "yes" if result.verified else "NO",
        )
    Console().print(table)
