"""Whether what a variant wrote is right, to the last event."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import redis

from bench.jobs.expected import RECENT, Counted, Expected, Place, User, records
from clickstream.config import RedisSettings
from clickstream.lookup import Lookup

TOP = 500
DISTINCT_ERROR = 0.02  # of HyperLogLog
SCORE_ERROR = 1e-12  # relative, of a logarithm of about 500,000
NAMES = {
    "impressions": "impression",
    "clicks": "click",
    "views": "view",
    "likes": "like",
    "shares": "share",
    "add_carts": "add_cart",
    "conversions": "order",
}


@dataclass(frozen=True)
class Written:
    """Where results are.

    Attributes:
        bootstrap: of Kafka.
        results: topic of what SQL writes.
        minutes: topic of closed minutes.
        redis_url: of a Redis that holds one variant's results and nothing else.
        settings: by which the jobs name their keys.
    """

    bootstrap: str
    results: str
    minutes: str
    redis_url: str
    settings: RedisSettings

    def client(self) -> Any:
        """A client of Redis that decodes answers."""
        return redis.Redis.from_url(self.redis_url, decode_responses=True)

    def table(self) -> list[dict[str, Any]]:
        """What upserts into the results' topic add up to: the row of every key as it is now."""
        rows: dict[bytes, bytes | None] = {}
        for key, value in records(self.bootstrap, self.results):
            rows[key or b""] = value
        return [msgspec.json.decode(row) for row in rows.values() if row is not None]


def hot_items(written: Written, wanted: Expected) -> bool:
    """The top items of every place, and their scores."""
    with written.client() as client:
        for place, scores in wanted.scores.items():
            key = written.settings.keys.hot_items(*place)
            found = dict(client.zrange(key, 0, -1, desc=True, withscores=True))
            least = sorted(scores.values(), reverse=True)[:TOP][-1]
            if len(found) != min(TOP, len(scores)) or not _scores_equal(found, scores):
                return False
            if not math.isclose(min(found.values()), least, rel_tol=SCORE_ERROR):
                return False
    return True


def hot_items_textbook(written: Written, wanted: Expected) -> bool:
    """Every item of every place."""
    with written.client() as client:
        for (tenant, scenario), scores in wanted.scores.items():
            found = dict(client.zrange(f"hot:items:{tenant}:{scenario}", 0, -1, withscores=True))
            if len(found) != len(scores) or not _scores_equal(found, scores):
                return False
    return True


def hot_items_sql(written: Written, wanted: Expected) -> bool:
    """Every item of every place."""
    found: defaultdict[Place, dict[str, float]] = defaultdict(dict)
    for row in written.table():
        found[row["tenant_id"], row["scenario_id"]][row["item_id"]] = row["score"]
    return found.keys() == wanted.scores.keys() and all(
        len(found[place]) == len(scores) and _scores_equal(found[place], scores)
        for place, scores in wanted.scores.items()
    )


def _scores_equal(found: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return all(
        item in wanted and math.isclose(score, wanted[item], rel_tol=SCORE_ERROR) for item, score in found.items()
    )


def live_metrics(written: Written, wanted: Expected) -> bool:
    """The window of every place, and every minute that was closed: nearly all of the hour."""
    with Lookup.connect(written.redis_url, written.settings) as lookup:
        for place, counted in wanted.places.items():
            found = lookup.realtime_metrics(*place)
            if found is None or not _counts_equal(
                {name: getattr(found, name) for name in found.__slots__}, counted, DISTINCT_ERROR
            ):
                return False
    closed = [msgspec.json.decode(value) for _, value in records(written.bootstrap, written.minutes) if value]
    return len(closed) > 0.8 * len(wanted.minutes) and _minutes_equal(
        (((row["tenant_id"], row["scenario_id"]), row["minute"] // 60_000, row) for row in closed),
        wanted,
        DISTINCT_ERROR,
    )


def live_metrics_textbook(written: Written, wanted: Expected) -> bool:
    """Every minute of every place."""
    found = []
    with written.client() as client:
        for (tenant, scenario), minute in wanted.minutes:
            fields = client.hgetall(f"metrics:minute:{tenant}:{scenario}:{minute}")
            row = {name: int(fields.get(NAMES.get(name, name), 0)) for name in _FIELDS}
            found.append(((tenant, scenario), minute, row))
    return _minutes_equal(found, wanted, 0.0)


def live_metrics_sql(written: Written, wanted: Expected) -> bool:
    """Every minute of every place."""
    rows = written.table()
    return len(rows) == len(wanted.minutes) and _minutes_equal(
        (((row["tenant_id"], row["scenario_id"]), row["minute"], row) for row in rows), wanted, 0.0
    )


_FIELDS = (*NAMES, "active_users", "active_items")


def _minutes_equal(found: Iterable[tuple[Place, int, Mapping[str, Any]]], wanted: Expected, error: float) -> bool:
    return all(
        (place, minute) in wanted.minutes and _counts_equal(row, wanted.minutes[place, minute], error)
        for place, minute, row in found
    )


def _counts_equal(found: Mapping[str, Any], wanted: Counted, error: float) -> bool:
    distinct = (("active_users", len(wanted.users)), ("active_items", len(wanted.items)))
    return all(found[name] == wanted.actions[action] for name, action in NAMES.items()) and all(
        abs(found[name] - count) <= error * count for name, count in distinct
    )


def recent_items(written: Written, wanted: Expected) -> bool:
    """Every user's list."""
    keys = written.settings.keys
    return _lists_equal(written, wanted, {user: keys.recent(*user) for user in wanted.recent})


def recent_items_textbook(written: Written, wanted: Expected) -> bool:
    """Every user's list."""
    return _lists_equal(written, wanted, {user: f"user:recent:{user[0]}:{user[1]}" for user in wanted.recent})


def _lists_equal(written: Written, wanted: Expected, keys: Mapping[User, str]) -> bool:
    with written.client() as client:
        pipeline = client.pipeline(transaction=False)
        for key in keys.values():
            pipeline.lrange(key, 0, -1)
        return dict(zip(keys, pipeline.execute(), strict=True)) == wanted.recent and client.dbsize() == len(keys)


def recent_items_sql(written: Written, wanted: Expected) -> bool:
    """Every user's items and their times; of equally new ones at the end SQL may keep another."""
    found: defaultdict[User, dict[str, int]] = defaultdict(dict)
    for row in written.table():
        found[row["tenant_id"], row["user_id"]][row["item_id"]] = row["newest"]
    return found.keys() == wanted.newest.keys() and all(
        found[user].items() <= times.items()
        and sorted(found[user].values()) == sorted(sorted(times.values(), reverse=True)[:RECENT])
        for user, times in wanted.newest.items()
    )
