"""What 100,000 users' lists take in a checkpoint, on the running job."""

import time

import msgspec
import pytest
from confluent_kafka import Producer

from tests.kit.flink import Job
from tests.kit.redis_jobs import PARTITIONS, RedisJobs
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.full, pytest.mark.timeout(1800)]

USERS = 100_000
EVENTS = 2_000_000  # before each look at the checkpoint: twenty items a user
ITEMS = 10  # kept of them


def _send(jobs: RedisJobs, first: int, start_ms: int) -> None:
    """Views of items that nobody saw before, by each user in turn."""
    producer = Producer(
        {
            "bootstrap.servers": jobs.topics.bootstrap,
            "linger.ms": 50,
            "compression.type": "lz4",
            "queue.buffering.max.messages": EVENTS,
        }
    )
    for number in range(first, first + EVENTS):
        user = number % USERS
        event = {
            "event_id": f"e-{number:09d}",
            "tenant_id": "aurora",
            "scenario_id": "home",
            "user_id": f"u-{user:06d}",
            "item_id": f"i-{number:09d}",
            "action_type": "view",
            "timestamp": start_ms + number // 100,
        }
        producer.produce(jobs.behaviors, msgspec.json.encode(event), partition=user % PARTITIONS)
        if number % 10_000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0
    assert jobs.topics.size(jobs.behaviors) == first + EVENTS


def _state_bytes(jobs: RedisJobs, job: Job, read: int) -> int:
    """Size of a checkpoint that was begun after so many records."""
    wait_for(lambda: jobs.metric(job, "records_read") >= read, 600, lambda: f"{jobs.metric(job, 'records_read')}")
    before = job.checkpoints()
    wait_for(lambda: job.checkpoints() >= before + 3, 120, "checkpoints")  # the first may have begun before
    return int(job.ask("/checkpoints")["latest"]["completed"]["state_size"])


def test_with_100_000_users_a_checkpoint_does_not_grow_between_two_and_four_million_events(jobs: RedisJobs) -> None:
    start_ms = int(time.time() * 1000) - 3_600_000
    job = jobs.submit("user_recent", {"RECENT_ITEMS": str(ITEMS)})
    _send(jobs, 0, start_ms)
    first = _state_bytes(jobs, job, EVENTS)
    _send(jobs, EVENTS, start_ms)
    second = _state_bytes(jobs, job, 2 * EVENTS)

    print(f"checkpoint of {USERS:,} users: {first:,} bytes after {EVENTS:,} events, {second:,} after twice as many")
    assert first > USERS * ITEMS, "less than a byte an item: the lists are not in there"
    assert second <= first * 1.01

    def written() -> bool:
        with jobs.redis.client() as client:
            return bool(client.dbsize() == USERS)

    wait_for(written, 120, "every user's list")
    with jobs.lookup() as lookup:
        for user in (0, 1, USERS - 1):
            newest = [f"i-{2 * EVENTS - USERS * back + user:09d}" for back in range(1, ITEMS + 1)]
            assert lookup.recent_items("aurora", f"u-{user:06d}") == newest
