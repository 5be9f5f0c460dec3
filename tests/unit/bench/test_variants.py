"""What `make bench-jobs` runs: every job with its twins, under the names that bench/out/jobs.json promises."""

from bench.flink_job import ROOT
from bench.jobs.variants import VARIANTS, goal


def test_every_job_has_a_textbook_twin_and_those_on_redis_have_sql() -> None:
    jobs = {"dimension_join", "item_hot_score", "realtime_metrics", "user_recent"}
    sql = {f"{job}:sql" for job in jobs - {"dimension_join"}}
    assert {*VARIANTS} == jobs | {f"{job}:textbook" for job in jobs} | sql


def test_every_variant_can_be_submitted() -> None:
    for variant in VARIANTS.values():
        assert (ROOT / variant.file).is_file()


def test_a_jobs_own_variant_is_the_job_that_ships() -> None:
    assert {variant.file for variant in VARIANTS.values() if variant.name == variant.job} == {
        f"pyflink_jobs/{job}.py" for job in ("dimension_join", "item_hot_score", "realtime_metrics", "user_recent")
    }


def test_goals() -> None:
    assert goal("user_recent") is None
    assert goal("user_recent:textbook") == 8
    assert goal("user_recent:sql") == 0.7
