"""Operators keep their identity from one build of a job to the next, so a savepoint finds them."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.kit.redis_jobs import RedisJobs
from tests.kit.servers import REPOSITORY

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


JOBS = ("item_hot_score", "realtime_metrics", "user_recent")


def test_every_operator_has_a_uid_and_every_build_gives_the_same(jobs: RedisJobs) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.flink.plan_of_a_redis_job", *JOBS],
        env=jobs.environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    plans = json.loads(done.stdout.splitlines()[-1])
    assert plans.keys() == set(JOBS)
    for first, second in plans.values():
        assert [each["uid"] for each in second] == [each["uid"] for each in first]
        assert len(first) >= 6
        assert [each for each in first if not each["uid"] or not each["name"]] == []
        assert [uid for uid, count in Counter(each["uid"] for each in first).items() if count > 1] == []
