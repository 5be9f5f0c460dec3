"""What `flink run` says before anything runs: wrong settings end it with one line, servers that are away do not."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kit.flink import Job
from tests.kit.pipeline import SINK, Pipeline
from tests.kit.servers import REPOSITORY

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

NOBODY = "http://default@127.0.0.1:9/default"


def flink_run(environment: Mapping[str, str], *options: str) -> tuple[int, str]:
    """The exit status, and everything that was said."""
    done = subprocess.run(
        ["flink", "run", "-d", *options, "-py", str(SINK)],
        env=dict(environment),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def ours(said: str) -> str:
    (line,) = [line for line in said.splitlines() if line.startswith("clickstream: ")]
    return line


def test_a_wrong_password_is_refused_at_submission(pipeline: Pipeline) -> None:
    node = pipeline.servers.cluster.nodes[0]
    wrong = f"{node.scheme}://{node.user}:guessed@{node.host}:{node.port}/{node.database}"
    status, said = flink_run({**pipeline.environment(), "CLICKSTREAM_CLICKHOUSE_URLS": wrong})
    assert status != 0
    assert ours(said).startswith(f"clickstream: ClickHouse at {node} refuses user {node.user!r}")
    assert "guessed" not in said


def test_a_clickhouse_that_is_away_is_told_and_the_job_submitted(pipeline: Pipeline) -> None:
    status, said = flink_run({**pipeline.environment(), "CLICKSTREAM_CLICKHOUSE_URLS": NOBODY})
    assert status == 0, said
    assert ours(said).startswith("clickstream: warning: ClickHouse at http://127.0.0.1:9 does not answer")
    assert ours(said).endswith("the job is submitted all the same and waits for it")
    Job(pipeline.servers.rest, said.split("JobID ")[1].split()[0]).cancel()


def test_a_checkout_with_its_environment_is_not_sent_to_the_workers(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "checkout" / ".venv").mkdir(parents=True)
    status, said = flink_run(pipeline.environment(), "-pyfs", str(tmp_path / "checkout"))
    assert status != 0
    assert ours(said).startswith(f"clickstream: -pyfs {tmp_path / 'checkout'} holds .venv")
