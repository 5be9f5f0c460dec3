"""What a receipt says of the job UserRecent is what the job does."""

from datetime import UTC, datetime, timedelta

from analytics.erasure.elsewhere import beside
from clickstream.config import RecentSettings
from clickstream.recent_items.bucket import RecentBucket
from clickstream.recent_items.parts import SeenItems, encode_parts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
JOB, MARK = "state of the job UserRecent", "Redis, the mark of this erasure"


def test_the_job_keeps_an_erased_users_items_until_the_time_of_the_receipt_and_the_mark_stays_for_longer() -> None:
    settings = RecentSettings(ttl_seconds=3600)
    until = {each.where: each.until for each in beside(NOW, with_redis=True, recent_seconds=3600)}
    said, marked = until[JOB], until[MARK]
    assert said is not None and marked is not None and marked > said + timedelta(hours=1)
    until_ms = int(said.timestamp() * 1000)
    running = RecentBucket(settings, by_tenant=True)
    running.apply(encode_parts([SeenItems("aurora", "u", ["sofa"], [NOW_MS])]), NOW_MS)
    assert [write.items for write in running.due(NOW_MS + 1000).writes] == [["sofa"]]
    # Here the list is erased from Redis. What is written from now on is held against the mark there.
    stored = dict(running.changed_entries())
    restarted = RecentBucket(settings, by_tenant=True)
    for name, entry in stored.items():
        assert entry is not None
        restarted.load(name, entry)
    restarted.restored(until_ms - 1000)
    for bucket in (running, restarted):
        assert [write.items for write in bucket.due(until_ms - 1000).writes] == [["sofa"]]
        assert [write.items for write in bucket.due(until_ms + 60_000).writes] == [[]]
        assert [entry for _, entry in bucket.changed_entries()] == [None], "it has forgotten"


def test_without_redis_nothing_is_said_of_the_job() -> None:
    said = [each.where for each in beside(NOW, with_redis=False, recent_seconds=3600)]
    assert not {JOB, MARK} & {*said}
    assert {"events that arrive later", "ClickHouse's old files", "ClickHouse's own notes"} <= {*said}
