"""What an erased user saw does not come back, though the job has it in its state and writes all lists again."""

import asyncio

import pytest

from analytics.erasure.recent_items import RecentLists, mark_seconds
from clickstream.config import RecentSettings, RedisSettings
from clickstream.lookup import Lookup
from clickstream.recent_items.bucket import RecentBucket
from clickstream.recent_items.parts import SeenItems, encode_parts
from sinks.redis.client import connect
from sinks.redis.recent_items import QueueRecentItems
from sinks.redis.writer import RedisWriter
from tests.kit.redis import RedisProcess

pytestmark = pytest.mark.net

NOW_MS = 1_772_366_400_000
TTL = 3600
# Braces decide where on a cluster a key lies.
USERS = ("u", "{u}", "a}b", "{}", "}{:%")


class Job:
    """What the job does, without Flink: a bucket of lists, and what writes them."""

    def __init__(self, server: RedisProcess, settings: RedisSettings) -> None:
        self._writer = RedisWriter(
            lambda: connect(server.url, settings), QueueRecentItems(settings.keys), settings.policy
        )
        self._bucket = RecentBucket(RecentSettings(ttl_seconds=TTL), by_tenant=True)
        self._state: dict[str, bytes] = {}
        self._now_ms = NOW_MS

    def see(self, user: str, item: str, at_ms: int) -> None:
        """Read an event, and write what it changed."""
        self._bucket.apply(encode_parts([SeenItems("t", user, [item], [at_ms])]), self._now_ms)
        self.write(after_ms=1000)

    def write(self, after_ms: int = 60_000) -> None:
        """Write what is due a while later: after a minute, all lists."""
        self._now_ms += after_ms
        assert self._writer.write(self._bucket.due(self._now_ms).writes, 10) == []

    def restart(self) -> None:
        """Go on from what was stored, and write all lists."""
        self._state |= {name: entry for name, entry in self._bucket.changed_entries() if entry is not None}
        self._bucket = RecentBucket(RecentSettings(ttl_seconds=TTL), by_tenant=True)
        for name, entry in self._state.items():
            self._bucket.load(name, entry)
        self._bucket.restored(self._now_ms)
        self.write()

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def by_tenant(settings: RedisSettings) -> RedisSettings:
    return settings.model_copy(update={"key_recent": "user:recent:{tenant}:{user_id}"})


def erase(server: RedisProcess, settings: RedisSettings, user: str, moment_ms: int) -> int:
    return asyncio.run(RecentLists(server.url, settings, TTL).erase("t", user, moment_ms))


def test_what_was_seen_until_the_erasure_stays_out_and_what_comes_later_comes_in(
    server: RedisProcess, by_tenant: RedisSettings
) -> None:
    job = Job(server, by_tenant)
    with Lookup.connect(server.url, by_tenant) as lookup:

        def recent(user: str) -> list[str]:
            return lookup.recent_items("t", user)

        for user in (*USERS, "kept"):
            job.see(user, "before", NOW_MS - 5000)
            job.see(user, "just before", NOW_MS - 1)
            assert recent(user) == ["just before", "before"]
        for user in USERS:
            assert erase(server, by_tenant, user, NOW_MS) == 1
            assert erase(server, by_tenant, user, NOW_MS - 60_000) == 0  # asked twice, by a clock that is behind
        job.write()
        assert [recent(user) for user in USERS] == [[]] * len(USERS)
        job.restart()
        assert [recent(user) for user in USERS] == [[]] * len(USERS)
        for user in USERS:
            job.see(user, "on its way", NOW_MS)
            assert recent(user) == []
            job.see(user, "after", NOW_MS + 1)
            assert recent(user) == ["after"]
            job.see(user, "before", NOW_MS + 2)
            assert recent(user) == ["before", "after"], "what was seen again afterwards"
        job.restart()
        assert [recent(user) for user in USERS] == [["before", "after"]] * len(USERS)
        assert recent("kept") == ["just before", "before"]
    job.close()


def test_the_mark_outlives_what_the_job_keeps_however_long_that_is(
    server: RedisProcess, by_tenant: RedisSettings
) -> None:
    job = Job(server, by_tenant)
    mark = by_tenant.keys.erased("t", "u")
    job.see("u", "before", NOW_MS - 1)
    erase(server, by_tenant, "u", NOW_MS)
    with server.client() as client:
        assert 2 * TTL - 10 < client.ttl(mark) <= mark_seconds(TTL)
        client.expire(mark, 60)  # as one of a service that takes the job to forget sooner
        job.see("u", "after", NOW_MS + 1)
        assert 2 * TTL - 10 < client.ttl(mark) <= 2 * TTL
        client.persist(mark)
        job.see("u", "later", NOW_MS + 2)
        assert 2 * TTL - 10 < client.ttl(mark) <= 2 * TTL
        client.expire(mark, 10 * TTL)
        job.see("u", "much later", NOW_MS + 3)
        assert erase(server, by_tenant, "u", NOW_MS + 4) == 1
        assert client.ttl(mark) > 9 * TTL, "none is shortened"
        job.restart()
        assert client.keys("user:recent:*") == []
    job.close()
