"""Every variant: what is submitted, with which settings, and how its results are checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.jobs import checks
from bench.jobs.checks import Written
from bench.jobs.expected import Expected

Check = Callable[[Written, Expected], bool]

# Of a textbook job's rate, and of SQL's.
TEXTBOOK_GOAL, SQL_GOAL = 8.0, 0.7


@dataclass(frozen=True)
class Variant:
    """One way to do the work of a job.

    Attributes:
        name: JOB, JOB:textbook or JOB:sql.
        file: what is submitted.
        check: of what it wrote; None: the joined topic is checked.
        settings: variables over those that all variants have.
    """

    name: str
    file: str
    check: Check | None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def job(self) -> str:
        """The job whose work it does."""
        return self.name.partition(":")[0]


def _of(job: str, check: Check, textbook: Check, sql: Check, settings: Mapping[str, str]) -> list[Variant]:
    return [
        Variant(job, f"pyflink_jobs/{job}.py", check, settings),
        Variant(f"{job}:textbook", f"bench/jobs/textbook/{job}.py", textbook),
        Variant(f"{job}:sql", f"bench/jobs/sql/{job}.py", sql),
    ]


VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("dimension_join", "pyflink_jobs/dimension_join.py", None),
        Variant("dimension_join:textbook", "bench/jobs/textbook/dimension_join.py", None),
        *_of("item_hot_score", checks.hot_items, checks.hot_items_textbook, checks.hot_items_sql, {}),
        # The run may outlast the hour that the window holds by default: events would leave it before they are checked.
        *_of(
            "realtime_metrics",
            checks.live_metrics,
            checks.live_metrics_textbook,
            checks.live_metrics_sql,
            {"CLICKSTREAM_METRICS_WINDOW_MINUTES": "240"},
        ),
        *_of("user_recent", checks.recent_items, checks.recent_items_textbook, checks.recent_items_sql, {}),
    )
}


def goal(name: str) -> float | None:
    """What a job's rate must be, as a multiple of this variant's; None for a job itself."""
    return {"textbook": TEXTBOOK_GOAL, "sql": SQL_GOAL}.get(name.partition(":")[2])
