"""Operators keep their identity from one build of the job to the next, so a savepoint finds them."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.kit.join import JoinPipeline
from tests.kit.servers import REPOSITORY

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def test_every_operator_of_the_join_has_a_uid_of_its_own_that_every_build_gives(join: JoinPipeline) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.dimension_join.plan_of_the_join"],
        env=join.pipeline.environment({"MYSQL_URL": join.url}),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    first, second = json.loads(done.stdout.splitlines()[-1])
    uids = [each["uid"] for each in first]
    assert uids == [each["uid"] for each in second]
    assert [each for each in first if not each["uid"] or not each["name"]] == []
    assert [uid for uid, count in Counter(uids).items() if count > 1] == []
    assert {"by-ods-partition", "join", "rejects"} <= set(uids)
