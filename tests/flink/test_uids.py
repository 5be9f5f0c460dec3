"""Operators keep their identity from one build of the job to the next, so a savepoint finds them."""

import json
import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.kit.pipeline import Pipeline
from tests.kit.servers import REPOSITORY

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def _two_builds(pipeline: Pipeline) -> list[list[dict[str, Any]]]:
    """Operators of two builds, one after the other, in a process of its own: as an operator's client makes them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.flink.plan_of_the_sink"],
        env=pipeline.environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    builds: list[list[dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
    return builds


def test_every_operator_of_the_sink_has_a_uid_and_every_build_gives_the_same_uids_and_names(
    pipeline: Pipeline,
) -> None:
    first, second = _two_builds(pipeline)
    third, _ = _two_builds(pipeline)

    assert third == first
    # Within one process the planner goes on counting; its count may show in names, never in uids.
    assert [each["uid"] for each in second] == [each["uid"] for each in first]
    assert len(first) >= 6
    assert [each for each in first if not each["uid"]] == []
    assert [uid for uid, count in Counter(each["uid"] for each in first).items() if count > 1] == []
    (source,) = (each["uid"] for each in first if "source" in each["uid"])
    assert re.search(r"_[0-9a-f]{8}$", source), "the topic's epoch: its offsets are not restored onto a successor"
    assert {"outcomes", "dead-letters", "dead-letter-topic", "rejected-topic"} <= {each["uid"] for each in first}
