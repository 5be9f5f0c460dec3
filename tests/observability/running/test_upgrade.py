"""The upgrade runbook, step by step as it is written, on the running sink: nothing is lost."""

import re
import subprocess

import pytest

from tests.kit.flink import Job
from tests.kit.servers import REPOSITORY
from tests.observability.platform import SUBMITTED, Platform

RUNBOOK = REPOSITORY / "docs" / "operations" / "upgrade.md"
_COMMANDS = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> str:
    """What the runbook tells to type, in its order."""
    found = _COMMANDS.findall(RUNBOOK.read_text(encoding="utf-8"))
    assert len(found) == 5, "a step was added to the runbook, or one has gone"
    return "".join(found)


@pytest.mark.stack
def test_the_runbook_takes_the_sink_to_another_parallelism_and_nothing_is_lost(platform: Platform) -> None:
    before = platform.jobs["ClickHouseSink"]
    platform.stop_traffic()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands()],
        env=platform.environment("ClickHouseSink"),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    submitted = SUBMITTED.search(done.stdout)
    if submitted:
        platform.jobs["ClickHouseSink"] = Job(before.rest, submitted[1])
    assert done.returncode == 0, said
    assert submitted, said
    assert before.state() == "FINISHED"
    assert "Balanced: " in done.stdout, said
    after = platform.jobs["ClickHouseSink"]
    assert max(vertex["parallelism"] for vertex in after.ask()["vertices"]) == 2
    assert after.ask("/checkpoints")["latest"]["restored"]["is_savepoint"]
