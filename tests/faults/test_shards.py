"""A million events over three shards."""

import pytest

from tests.faults.conftest import Sent
from tests.kit.pipeline import MakePipeline
from tests.kit.traffic import users

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def test_three_shards_together_hold_each_of_a_million_events_once_and_each_user_on_one_shard(
    make_pipeline: MakePipeline, million: Sent
) -> None:
    pipeline = make_pipeline(behaviors=million.topic)
    job = pipeline.submit({"SINK_ROUTING": "sharding_key_hash"}, parallelism=2)
    pipeline.wait_rows(million.answers.valid, job=job)

    pipeline.assert_exact(million.answers)
    misplaced = [
        client.query(
            f"SELECT countIf(xxHash64(user_id) % 3 != {shard}), count() FROM user_behaviors_local"
        ).result_rows[0]
        for shard, client in enumerate(pipeline.nodes.clients)
    ]
    assert [wrong for wrong, _ in misplaced] == [0, 0, 0]
    assert all(rows > million.answers.valid / 4 for _, rows in misplaced), misplaced
    # Each user is on one shard, so the shards' distinct users add up.
    distinct = "SELECT tenant_id, scenario_id, uniqExact(user_id) FROM user_behaviors_local GROUP BY ALL"
    assert pipeline.nodes.sums(distinct) == users(million.answers)
    assert len(pipeline.rejects()) == sum(million.answers.malformed.values())
    assert not pipeline.dead_letters()
