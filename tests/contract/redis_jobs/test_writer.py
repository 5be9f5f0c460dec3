"""What the jobs write, on real servers."""

import json
import threading
from typing import Any

import pytest

from clickstream.config import RedisSettings
from clickstream.config.hot import HotSettings
from clickstream.errors import ConfigurationError, ContractError
from clickstream.metrics.bucket import MetricsWrite
from clickstream.metrics.tally import Figures
from clickstream.places import Place
from clickstream.recent_items.bucket import RecentWrite
from clickstream.scoring.bucket import HotWrite
from clickstream.scoring.rule import RuleBook
from sinks.redis.client import connect
from sinks.redis.hot_items import QueueHotItems
from sinks.redis.live_metrics import QueueLiveMetrics
from sinks.redis.recent_items import QueueRecentItems
from sinks.redis.writer import RedisWriter
from tests.kit.redis import RedisProcess
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.net, pytest.mark.timeout(120)]

PLACE = Place("a:b", "home")


def writer(server: RedisProcess, settings: RedisSettings, queue: Any, **options: Any) -> RedisWriter[Any]:
    return RedisWriter(lambda: connect(server.url, settings), queue, settings.policy, **options)


def put(target: RedisWriter[Any], writes: Any) -> None:
    """Write until everything is written."""
    while writes:
        writes = target.write(writes, 0.5)


def hot(scores: dict[str, float], *, whole: bool, top: int = 3) -> HotWrite:
    return HotWrite(PLACE, RuleBook(HotSettings(top=top)).rule(PLACE), scores, whole, 1234)


def test_hot_items_are_added_trimmed_replaced_and_removed(server: RedisProcess, settings: RedisSettings) -> None:
    keys = settings.keys
    write = writer(server, settings, QueueHotItems(keys, 500))
    key, meta = keys.hot_items(*PLACE), keys.hot_meta(*PLACE)
    with server.client() as client:
        put(write, [hot({"x": 491_000.12345678901, "y": 2.0}, whole=False)])
        put(write, [hot({"z": 3.0, "w": 1.0}, whole=False)])
        assert client.zrange(key, 0, -1, desc=True, withscores=True) == [
            ("x", 491_000.12345678901),
            ("z", 3.0),
            ("y", 2.0),
        ]
        assert 490 < client.ttl(key) <= 500
        assert 490 < client.ttl(meta) <= 500
        found = client.hgetall(meta)
        assert (float(found["half_life"]), int(found["updated_at"])) == (3600.0, 1234)
        assert json.loads(found["weights"])["order"] == 10
        put(write, [hot({"q": 5.0, "r": 4.0}, whole=True)])
        assert client.zrange(key, 0, -1) == ["r", "q"]
        assert 490 < client.ttl(key) <= 500
        put(write, [hot({}, whole=True)])
        assert client.exists(key) == client.exists(meta) == 0
    write.close()


def test_thousands_of_items_are_replaced_at_once(server: RedisProcess, settings: RedisSettings) -> None:
    write = writer(server, settings, QueueHotItems(settings.keys, 500))
    scores = {f"i-{number}": float(number) for number in range(25_000)}
    put(write, [hot(scores, whole=True, top=20_000)])
    with server.client() as client:
        assert client.zcard(settings.keys.hot_items(*PLACE)) == 20_000
    write.close()


def test_lists_are_replaced_whole(server: RedisProcess, settings: RedisSettings) -> None:
    write = writer(server, settings, QueueRecentItems(settings.keys))
    key = settings.keys.recent("t", "u:1")
    with server.client() as client:
        longest = [f"{number:04}{'ü' * 124}" for number in range(1000)]
        for items in (["b", "a"], ["c", "b", "a"], longest, [f"i{'x' * 40}"], ["c"]):
            put(write, [RecentWrite("t", "u:1", items, [9] * len(items), 77)] * 3)
            assert client.lrange(key, 0, -1) == items
            assert 70 < client.ttl(key) <= 77
        put(write, [RecentWrite("t", "u:1", [], [], 0)])
        assert client.exists(key) == 0
    write.close()


def test_all_metrics_are_set_at_once(server: RedisProcess, settings: RedisSettings) -> None:
    write = writer(server, settings, QueueLiveMetrics(settings.keys, 60))
    figures = Figures(1, 2, 0.5, 3, 4, 5, 6, 7, 0.25, 8, 9)
    key = settings.keys.metrics(*PLACE)
    put(write, [MetricsWrite(PLACE, figures, 10, 20, 15)])
    with server.client() as client:
        assert 50 < client.ttl(key) <= 60
        client.expire(key, 5)
        put(write, [MetricsWrite(PLACE, figures, 10, 20, 15)])
        assert 50 < client.ttl(key) <= 60, "from the last write on"
        found = client.hgetall(key)
    assert {name: float(value) for name, value in found.items()} == {
        "impressions": 1,
        "clicks": 2,
        "ctr": 0.5,
        "views": 3,
        "likes": 4,
        "shares": 5,
        "add_carts": 6,
        "conversions": 7,
        "conversion_rate": 0.25,
        "active_users": 8,
        "active_items": 9,
        "window_start": 10,
        "window_end": 20,
        "updated_at": 15,
    }
    write.close()


def test_a_write_waits_until_redis_is_back(server: RedisProcess, settings: RedisSettings) -> None:
    tries: list[None] = []
    write = writer(server, settings, QueueRecentItems(settings.keys), retried=lambda: tries.append(None))
    put(write, [RecentWrite("t", "u", ["a"], [1], 60)])
    server.stop()
    writing = threading.Thread(
        target=put,
        args=(
            write,
            [RecentWrite("t", "u", ["b", "a"], [2, 1], 60)],
        ),
    )
    writing.start()
    wait_for(lambda: len(tries) > 5, 30, "the write is tried again")
    assert writing.is_alive()
    server.start()
    writing.join(60)
    assert not writing.is_alive()
    with server.client() as client:
        assert client.lrange(settings.keys.recent("t", "u"), 0, -1) == ["b", "a"]
    write.close()


@pytest.mark.parametrize("server", ["single"], indirect=True)
def test_a_full_redis_is_waited_for(server: RedisProcess, settings: RedisSettings) -> None:
    tries: list[None] = []
    write = writer(server, settings, QueueLiveMetrics(settings.keys, 60), retried=lambda: tries.append(None))
    figures = Figures(1, 2, 0.5, 3, 4, 5, 6, 7, 0.25, 8, 9)
    with server.client() as client:
        client.config_set("maxmemory", 1)
        writing = threading.Thread(
            target=put,
            args=(
                write,
                [MetricsWrite(PLACE, figures, 10, 20, 15)],
            ),
        )
        writing.start()
        wait_for(lambda: len(tries) > 2, 30, "the write is tried again")
        client.config_set("maxmemory", 0)
        writing.join(60)
        assert client.hget(settings.keys.metrics(*PLACE), "clicks") == "2"
    write.close()


@pytest.mark.parametrize("server", ["single"], indirect=True)
def test_what_trying_again_cannot_help_is_an_error_that_says_what_to_do(
    server: RedisProcess, settings: RedisSettings
) -> None:
    write = writer(server, settings, QueueHotItems(settings.keys, 60))
    with server.client() as client:
        client.set(settings.keys.hot_items(*PLACE), "not a ZSET")
        with pytest.raises(ContractError, match=r"WRONGTYPE.*CLICKSTREAM_REDIS_KEY_"):
            put(write, [hot({"x": 1.0}, whole=False)])
        client.config_set("requirepass", "secret")
        other = writer(server, settings, QueueHotItems(settings.keys, 60))
        with pytest.raises(ContractError, match="password"):
            put(other, [hot({"x": 1.0}, whole=False)])
    with pytest.raises(ConfigurationError, match="CLICKSTREAM_REDIS_URL"):
        connect("http://host", settings)
