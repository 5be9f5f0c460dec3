"""Joined events as source: repeated stretches are dropped by position, and rejects are nobody's business here."""

import json
import random
import time
from collections.abc import Mapping

import pytest

from clickstream.config import KafkaSettings
from clickstream.names import JOB_ITEM_HOT_SCORE, JOB_REALTIME_METRICS
from tests.kit.flink import Job
from tests.kit.kafka import Record
from tests.kit.metrics import user_metric
from tests.kit.redis_answers import wait_settled
from tests.kit.redis_jobs import PARTITIONS, RedisJobs
from tests.kit.told_pipeline import assert_checkpoints_told, group_lag, told_of
from tests.kit.waiting import wait_for
from tests.kit.workers import python_workers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

LANES = 3
EVENTS = 400
NAMES = {"item_hot_score": JOB_ITEM_HOT_SCORE, "realtime_metrics": JOB_REALTIME_METRICS}
BURST = 100_000


def _joined(lane: int, offset: int, now_ms: int) -> Record:
    body = {
        "event_id": f"{lane}-{offset}",
        "tenant_id": "t" if offset % 5 else "t:x",
        "scenario_id": "home",
        "user_id": f"u-{offset % 9}",
        "item_id": f"i-{offset % 11}",
        "action_type": "view",
        "timestamp": now_ms - offset * 100,
        "product_name": "a name",
        "_epoch": 77,
        "_partition": lane,
        "_offset": offset * 2,
    }
    return Record(json.dumps(body).encode(), partition=lane)


def _send_with_repeats(jobs: RedisJobs) -> int:
    """Events of three ODS partitions, some stretches twice, and what is no event; how many count."""
    source, now_ms = random.Random(2), int(time.time() * 1000)
    records = []
    for lane in range(LANES):
        at = 0
        while at < EVENTS:
            end = min(EVENTS, at + source.randrange(1, 60))
            again = max(0, at - source.choice([0, 0, 40]))
            records += [_joined(lane, offset, now_ms) for offset in range(again, end)]
            at = end
    records += [Record(value, partition=0) for value in (b"{", None, b"[]", b'{"_epoch": 1}')]
    assert len(records) > LANES * EVENTS + 50
    jobs.topics.send(jobs.enriched, records)
    return LANES * EVENTS


def _wait_kept(jobs: RedisJobs, job: Job, name: str, count: int) -> None:
    def kept() -> int:
        return jobs.metric(job, "rows_kept")

    wait_for(lambda: kept() >= count, 120, lambda: f"{name}: {kept()} of {count}")
    assert kept() == count


def test_positions_decide_what_counts(jobs: RedisJobs) -> None:
    count = _send_with_repeats(jobs)
    running = {name: jobs.submit(name, {"SOURCE": "dwd"}) for name in ("item_hot_score", "realtime_metrics")}
    for name, job in running.items():
        _wait_kept(jobs, job, name, count)
        assert jobs.metric(job, "replays_skipped") > 50
        assert jobs.metric(job, "rows_rejected") == 4

    def metrics_hold() -> None:
        with jobs.lookup() as lookup:
            for tenant, views in (("t", count * 4 // 5), ("t:x", count // 5)):
                found = lookup.realtime_metrics(tenant, "home")
                assert found is not None
                assert (found.views, found.active_users, found.active_items) == (views, 9, 11)

    def scores_hold() -> None:
        with jobs.lookup() as lookup:
            items = {tenant: lookup.hot_items(tenant, "home", 100) for tenant in ("t", "t:x")}
        assert {tenant: len(found) for tenant, found in items.items()} == {"t": 11, "t:x": 11}
        total = sum(item.score for found in items.values() for item in found)
        assert total == pytest.approx(2 * count, rel=0.05), "a view weighs 2, and nearly so after a few seconds"

    # What is counted is written half a second later.
    wait_settled(running["realtime_metrics"], metrics_hold, 60)
    wait_settled(running["item_hot_score"], scores_hold, 60)
    _what_the_page_is_told_is_what_kafka_and_flink_say(jobs, running)


def _what_the_page_is_told_is_what_kafka_and_flink_say(jobs: RedisJobs, running: Mapping[str, Job]) -> None:
    """With everything read, and with workers that stand still, so that figures do."""
    kafka = KafkaSettings(bootstrap=jobs.topics.bootstrap, group_prefix=jobs.name)

    def lags() -> list[tuple[int | None, int | None, int | None, int]]:
        """Of each job: what the page is told, as Flink and as Kafka have it; what the TaskManager and Kafka say."""
        found = []
        for name, job in running.items():
            told = told_of(job, kafka)
            said = user_metric(jobs.servers.stack, job.id, "pendingRecords")
            known = group_lag(kafka.bootstrap, f"{jobs.name}-{NAMES[name]}", jobs.enriched)
            found.append((told.lag, told.uncommitted, said, known))
        return found

    for job in running.values():
        assert_checkpoints_told(job, kafka)
    wait_for(lambda: lags() == [(0, 0, 0, 0)] * 2, 60, lambda: f"all is read: {lags()}", pause=0.5)
    workers = python_workers(jobs.servers.stack.pids("taskmanager")[0])
    for worker in workers:
        worker.suspend()
    try:
        jobs.topics.send(jobs.enriched, [Record(b"{", partition=at % PARTITIONS) for at in range(BURST)])

        def told() -> bool:
            return all(shown == said and behind == known == BURST for shown, behind, said, known in lags())

        wait_for(told, 60, lambda: f"what is not read yet, as it is told: {lags()}", pause=0.5)
    finally:
        for worker in workers:
            worker.resume()
    wait_for(lambda: lags() == [(0, 0, 0, 0)] * 2, 60, lambda: f"all is read: {lags()}", pause=0.5)


def test_a_second_tenant_fails_the_job_where_lists_would_be_shared(jobs: RedisJobs) -> None:
    _send_with_repeats(jobs)
    running = jobs.submit("user_recent", {"SOURCE": "dwd", "REDIS_KEY_RECENT": "user:recent:{user_id}"})
    wait_for(lambda: "CLICKSTREAM_REDIS_KEY_RECENT has no {tenant}" in running.exceptions(), 120, "the job fails")
