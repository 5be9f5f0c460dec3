"""A ClickHouse node dies and stays down for a while."""

import time
from itertools import pairwise

import pytest

from tests.kit.alarms import AlarmReceiver
from tests.kit.commands import clickstream
from tests.kit.pipeline import Pipeline
from tests.kit.traffic import Flow, model
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

NODE = "clickhouse-2"
OUTAGE_SECONDS = 60


def test_with_hash_routing_a_node_is_waited_for_and_a_minute_without_it_costs_no_row(pipeline: Pipeline) -> None:
    stack = pipeline.servers.stack
    with Flow(pipeline.servers.bootstrap, pipeline.behaviors, model(1_000_000), rate=2_000) as flow:
        job = pipeline.submit({"SINK_ROUTING": "sharding_key_hash"})
        pipeline.wait_all_partitions(job)
        try:
            down = time.monotonic()
            stack.kill(NODE)
            stack.stop(NODE)
            wait_for(lambda: time.monotonic() - down >= OUTAGE_SECONDS, 2 * OUTAGE_SECONDS, "the outage is over")
        finally:
            stack.start(NODE)
        answers = flow.end()
    pipeline.wait_rows(answers.valid, job=job)
    pipeline.wait_metric(job, "retries", 1)
    pipeline.assert_exact(answers)
    assert not pipeline.dead_letters()
    assert not pipeline.topics.read(pipeline.dead_letter_topic)


def test_with_random_routing_the_other_shards_take_the_rows_of_a_node_that_is_down(pipeline: Pipeline) -> None:
    stack = pipeline.servers.stack
    alive = [pipeline.nodes.clients[0], pipeline.nodes.clients[2]]

    def rows_elsewhere() -> int:
        return sum(int(str(client.command("SELECT count() FROM user_behaviors_local"))) for client in alive)

    with Flow(pipeline.servers.bootstrap, pipeline.behaviors, model(1_000_000), rate=2_000) as flow:
        job = pipeline.submit({"SINK_ROUTING": "random"})
        pipeline.wait_all_partitions(job)
        try:
            # Stopped, not killed: an insert that a kill cuts off is in doubt, and waits for its node by design.
            stack.stop(NODE)
            before = rows_elsewhere()
            wait_for(lambda: rows_elsewhere() > before + 20_000, 60, "rows flow on to the other shards")
            pipeline.wait_metric(job, "unhealthy_nodes", 1)
        finally:
            stack.start(NODE)
        answers = flow.end()
    pipeline.wait_rows(answers.valid, job=job)
    pipeline.assert_exact(answers)
    assert not pipeline.dead_letters()


def test_when_all_nodes_are_down_past_the_attempts_rows_are_kept_the_alarm_sounds_and_a_replay_brings_all_back(
    pipeline: Pipeline,
) -> None:
    stack = pipeline.servers.stack
    interval = 4.0
    impatient = {
        "SINK_ATTEMPTS": "2",
        "SINK_RETRY_AT_LEAST": "1",
        "SINK_RETRY_INITIAL": "0.2",
        "SINK_RETRY_MAXIMUM": "0.5",
    }
    with (
        AlarmReceiver() as receiver,
        Flow(pipeline.servers.bootstrap, pipeline.behaviors, model(1_000_000), rate=2_000) as flow,
    ):
        alarms = {"DEAD_LETTER_ALARM_URLS": receiver.url, "DEAD_LETTER_ALARM_INTERVAL": str(interval)}
        job = pipeline.submit({**impatient, **alarms})
        pipeline.wait_all_partitions(job)
        try:
            stack.kill("clickhouse")
            stack.stop("clickhouse")
            wait_for(lambda: len(receiver.received) >= 3, 120, lambda: f"three alarms: {receiver.received}")
        finally:
            stack.start("clickhouse", 120)
        answers = flow.end()

        def stored() -> set[tuple[int, int, int]]:
            return {tuple(row) for row in pipeline.nodes.positions().tolist()}

        wait_for(
            lambda: len(stored() | pipeline.dead_letters().keys()) >= answers.valid,
            240,
            lambda: f"{len(stored())} rows and {len(pipeline.dead_letters())} dead letters are {answers.valid}",
            pause=1,
        )

    letters = pipeline.dead_letters()
    assert {letter.reason for letter in letters.values()} == {"unavailable"}
    assert all(letter.attempts >= 2 for letter in letters.values())
    assert len(letters.keys() - stored()) > 2_000
    # The process was the same all the time, so the interval holds between any two.
    assert all(later.at - earlier.at > interval * 0.9 for earlier, later in pairwise(receiver.received))
    assert "clickstream replay-dlq" in receiver.received[0].message

    said = clickstream(pipeline.environment(), "replay-dlq", "--dry-run")
    assert len(pipeline.dead_letters()) == len(letters), said

    def replayed() -> bool:
        """Beside the job: letters behind its last checkpoint go back, the others wait for the next one."""
        clickstream(pipeline.environment(), "replay-dlq")
        return not pipeline.dead_letters()

    wait_for(replayed, 120, "all letters are put back", pause=1)
    pipeline.assert_exact(answers)
    job.savepoint_and_stop(pipeline.savepoints)
    assert pipeline.sent_dead_letters().keys() == letters.keys()
    clickstream(pipeline.environment(), "replay-dlq")
    pipeline.assert_exact(answers)
