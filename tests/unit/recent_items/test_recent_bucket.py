import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest

from clickstream.config.recent import RecentSettings
from clickstream.errors import ContractError
from clickstream.events.action import Action
from clickstream.events.model import Event
from clickstream.recent_items.bucket import RecentBucket, RecentWrite
from clickstream.recent_items.parts import encode_parts, parts_of
from tests.unit.event_columns import START_MS, columns, event, traffic

DAY = 24 * 3_600_000
Lists = dict[tuple[str, str], list[str]]


def _reference(events: Iterable[Event], most: int) -> Lists:
    newest: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for each in events:
        if each.action_type in (Action.VIEW, Action.CLICK) and each.item_id:
            times = newest[each.tenant_id, each.user_id]
            times[each.item_id] = max(times.get(each.item_id, 0), each.timestamp)
    return {
        user: [item for _, item in sorted((-at, item) for item, at in times.items())[:most]]
        for user, times in newest.items()
    }


class _Run:
    """Buckets, their stored state, and a Redis that takes what they write."""

    def __init__(self, settings: RecentSettings, by_tenant: bool = True) -> None:
        self.settings, self.by_tenant = settings, by_tenant
        self.buckets: dict[int, RecentBucket] = {}
        self.entries: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
        self.parts: defaultdict[int, list[bytes]] = defaultdict(list)
        self.redis: Lists = {}
        self.ttl: dict[tuple[str, str], int] = {}

    def bucket(self, number: int) -> RecentBucket:
        return self.buckets.setdefault(number, RecentBucket(self.settings, self.by_tenant))

    def add(self, events: Sequence[Event], now_ms: int = START_MS) -> None:
        for number, parts in parts_of(columns(events)).items():
            data = encode_parts(parts)
            self.bucket(number).apply(data, now_ms)
            self.parts[number].append(data)

    def fold(self) -> None:
        for number, bucket in self.buckets.items():
            for name, entry in bucket.changed_entries():
                if entry is None:
                    self.entries[number].pop(name, None)
                else:
                    self.entries[number][name] = entry
        self.parts.clear()

    def restart(self, now_ms: int = START_MS) -> None:
        self.buckets = {}
        for number in self.entries.keys() | self.parts.keys():
            for name, entry in self.entries[number].items():
                self.bucket(number).load(name, entry)
            for part in self.parts[number]:
                self.bucket(number).apply(part, now_ms)
            self.bucket(number).restored(now_ms)

    def flush(self, now_ms: int = START_MS) -> list[RecentWrite]:
        writes = [write for bucket in self.buckets.values() for write in bucket.due(now_ms).writes]
        for write in writes:
            user = (write.tenant_id, write.user_id)
            self.ttl[user] = write.ttl_seconds
            if write.items:
                self.redis[user] = write.items
            else:
                self.redis.pop(user, None)
        return writes


@pytest.mark.parametrize("seed", range(5))
def test_lists_are_the_same_however_the_events_come(seed: int) -> None:
    events = traffic(3000)
    source = random.Random(seed)
    shuffled = source.sample([*events, *events[:700]], len(events) + 700)
    run = _Run(RecentSettings(items=7))
    now = START_MS
    while shuffled:
        count = source.choice([1, 9, 250])
        run.add(shuffled[:count], now)
        del shuffled[:count]
        now += source.randrange(400)
        run.flush(now)
        if source.random() < 0.2:
            run.fold()
        if source.random() < 0.1:
            run.restart(now)
    run.flush(now + 1000)
    assert run.redis == _reference(events, 7)
    assert max(len(items) for items in run.redis.values()) == 7


def test_only_views_and_clicks_of_an_item_count() -> None:
    run = _Run(RecentSettings())
    run.add([event(number, action_type=action) for number, action in enumerate(Action)])
    run.add([event(50, item_id=None), event(51, item_id="")])
    run.flush()
    assert sorted(item for items in run.redis.values() for item in items) == ["i-1", "i-2"]


def test_only_what_changed_is_written_and_everything_once_a_minute_with_the_time_that_is_left() -> None:
    run = _Run(RecentSettings(ttl_seconds=3600))
    run.add(traffic(500))
    users = len(run.flush(START_MS + 1))
    assert users > 40
    assert run.flush(START_MS + 600) == []
    run.add([event(1, user_id="u-1", tenant_id="a", timestamp=START_MS + DAY)], START_MS + 600)
    run.add([event(2, user_id="u-1", tenant_id="a", timestamp=START_MS)], START_MS + 610)
    run.add([event(1, user_id="u-1", tenant_id="a", timestamp=START_MS + DAY)], START_MS + 620)
    (write,) = run.flush(START_MS + 700)
    assert write.items[0] == "i-1"
    assert write.ttl_seconds == 3599
    assert len(run.flush(START_MS + 60_000)) == users
    assert set(run.ttl.values()) == {3540}


def test_a_list_is_forgotten_when_its_user_was_away_for_long() -> None:
    run = _Run(RecentSettings(ttl_seconds=3600))
    run.add([event(1)])
    run.flush()
    run.fold()
    (write,) = run.flush(START_MS + 3_600_000)
    assert write.items == []
    assert run.redis == {}
    (bucket,) = run.buckets.values()
    assert bucket.next_due_ms(START_MS) is None
    run.fold()
    assert not any(run.entries.values())


def test_after_a_restart_everything_is_written_again() -> None:
    run = _Run(RecentSettings())
    run.add(traffic(500))
    run.flush()
    run.fold()
    expected, run.redis = run.redis, {}
    run.restart(START_MS + 5)
    run.flush(START_MS + 6)
    assert run.redis == expected


def test_state_does_not_grow_with_events_but_with_users_and_items() -> None:
    run = _Run(RecentSettings(items=5))
    sizes = []
    for seed in range(6):
        run.add(traffic(5000, seed))
        run.fold()
        sizes.append(sum(len(entry) for entries in run.entries.values() for entry in entries.values()))
    assert sizes[-1] <= 1.01 * sizes[0]


def test_equal_users_of_two_tenants_are_refused_where_the_key_does_not_hold_the_tenant() -> None:
    run = _Run(RecentSettings(), by_tenant=False)
    run.add([event(1, tenant_id="a")])
    run.add([event(8, tenant_id="a")])
    run.fold()
    run.restart()
    with pytest.raises(ContractError, match=r"'a' and 'b'.*CLICKSTREAM_REDIS_KEY_RECENT has no \{tenant\}"):
        run.add([event(1, tenant_id="b")])


def test_redis_is_told_of_nothing_by_an_older_view_of_an_item() -> None:
    bucket = RecentBucket(RecentSettings(), True)
    views = [event(1, item_id="i", timestamp=START_MS), event(2, user_id="u-1", item_id="i", timestamp=START_MS - 1)]
    for each, told in zip(views, (True, False), strict=True):
        ((_, part),) = parts_of(columns([each])).items()
        assert bucket.apply(encode_parts(part), START_MS) is told
        bucket.due(START_MS + 60_000)


def test_of_equally_new_items_the_lesser_id_stands_first() -> None:
    bucket = RecentBucket(RecentSettings(), True)
    for number, item in enumerate("bac"):
        ((_, part),) = parts_of(columns([event(number, user_id="u", item_id=item, timestamp=START_MS)])).items()
        bucket.apply(encode_parts(part), START_MS)
    (write,) = bucket.due(START_MS + 60_000).writes
    assert write.items == ["a", "b", "c"]


def test_after_a_restart_a_list_is_written_again_also_where_others_of_its_bucket_alone_changed_lately() -> None:
    run = _Run(RecentSettings())
    seen = [event(number, user_id=f"u-{number}", item_id="i") for number in range(300)]
    run.add(seen)
    run.flush(START_MS + 60_000)
    run.fold()
    run.add([event(number, user_id=f"u-{number}", item_id="j") for number in range(0, 300, 2)], START_MS + 60_001)
    run.redis = {}  # what the last attempt wrote is not known
    run.restart(START_MS + 60_001)
    run.flush(START_MS + 60_002)
    lists = {f"u-{number}": ["i"] if number % 2 else ["i", "j"] for number in range(300)}
    assert {user: items for (_, user), items in run.redis.items()} == lists
