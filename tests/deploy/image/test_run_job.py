"""run-job.sh: where a job goes on. What it would start is printed instead."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.kit.servers import REPOSITORY

SCRIPT = REPOSITORY / "deploy" / "docker" / "bin" / "run-job.sh"
JOB = ("a.Driver", "-py", "/opt/job file.py")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    fake = tmp_path / "bin" / "standalone-job.sh"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    fake.chmod(0o755)
    return tmp_path / "state"


def started(state: Path, *arguments: str) -> list[str]:
    """The arguments of standalone-job.sh."""
    environment = {**os.environ, "PATH": f"{state.parent / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        [SCRIPT, state, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def snapshot(folder: Path, age: int, *, complete: bool = True) -> Path:
    """A checkpoint or savepoint that is so many seconds old."""
    folder.mkdir(parents=True)
    if complete:
        (folder / "_metadata").touch()
        now = folder.stat().st_mtime
        os.utime(folder / "_metadata", (now - age, now - age))
    return folder


def test_the_first_start_restores_nothing(state: Path) -> None:
    assert started(state, *JOB) == [
        "start-foreground",
        "-D",
        f"execution.checkpointing.dir=file://{state}",
        "-D",
        f"execution.checkpointing.savepoint-dir=file://{state}",
        "--job-classname",
        *JOB,
    ]


def test_the_newest_that_is_complete_is_restored(state: Path) -> None:
    snapshot(state / "0a" / "chk-9", 300)
    newest = snapshot(state / "0b" / "chk-2", 100)
    snapshot(state / "savepoint-0b-1", 200)
    snapshot(state / "0b" / "chk-3", 0, complete=False)
    found = started(state, *JOB)
    assert found[found.index("--fromSavepoint") + 1] == newest.as_uri()


def test_settings_of_the_caller_come_after_its_own_and_the_jobs_arguments_last(state: Path) -> None:
    found = started(state, "-D", "a=1", "-D", "b=2", *JOB)
    assert found[5:] == ["-D", "a=1", "-D", "b=2", "--job-classname", *JOB]


def test_without_a_job_it_says_how_it_is_called(state: Path) -> None:
    done = subprocess.run([SCRIPT, state, "-D", "a=1"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "usage: run-job.sh STATE" in done.stderr
