"""What a recommender reads, on real servers."""

import asyncio
from typing import Any

import pytest

from clickstream.clock import ManualClock
from clickstream.config import RedisSettings
from clickstream.config.hot import HotSettings
from clickstream.errors import ConfigurationError, ContractError, UnavailableError
from clickstream.lookup import AsyncLookup, HotItem, LiveMetrics, Lookup
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
from tests.kit.commands import clickstream
from tests.kit.redis import RedisProcess
from tests.kit.servers import own_environment
from tests.kit.turns import turns

pytestmark = [pytest.mark.net, pytest.mark.timeout(120)]

NOW = 3_600_000_000.0  # a million half-lives
PLACE = Place("a:b", "home")
FIGURES = Figures(10, 5, 0.5, 3, 4, 5, 6, 7, 0.25, 8, 9)


@pytest.fixture(autouse=True)
def _written(server: RedisProcess, settings: RedisSettings) -> None:
    keys = settings.keys
    scores = {"warm": 1_000_000.0, "hot": 1_000_003.0, "cold": 999_990.0}
    writes: list[tuple[Any, Any]] = [
        (QueueHotItems(keys, 500), HotWrite(PLACE, RuleBook(HotSettings()).rule(PLACE), scores, True, 1)),
        (QueueLiveMetrics(keys, 60), MetricsWrite(PLACE, FIGURES, 10, 20, 15)),
        (QueueRecentItems(keys), RecentWrite("t", "u", ["c", "b", "a"], [3, 2, 1], 60)),
    ]
    for queue, write in writes:
        target: RedisWriter[Any] = RedisWriter(lambda: connect(server.url, settings), queue, settings.policy)
        assert not target.write([write], 10)
        target.close()


HOT = [HotItem("hot", 8.0, 1_000_003.0), HotItem("warm", 1.0, 1_000_000.0), HotItem("cold", 2.0**-10, 999_990.0)]


def test_scores_are_what_they_are_worth_now(server: RedisProcess, settings: RedisSettings) -> None:
    with Lookup.connect(server.url, settings) as connected:
        lookup = Lookup(connected._client, settings, ManualClock(NOW))
        assert lookup.hot_items(*PLACE) == HOT
        assert lookup.hot_items(*PLACE, n=1) == HOT[:1]
        assert lookup.hot_items(*PLACE, n=0) == []
        assert lookup.hot_items(*PLACE, min_score=0.5) == HOT[:2]
        assert lookup.hot_items("nobody", "home") == []
        later = Lookup(connected._client, settings, ManualClock(NOW + 3600))
        assert [item.score for item in later.hot_items(*PLACE, 2)] == [4.0, 0.5]


def test_metrics_and_recent_items_are_read_back(server: RedisProcess, settings: RedisSettings) -> None:
    with Lookup.connect(server.url, settings) as lookup:
        assert lookup.realtime_metrics(*PLACE) == LiveMetrics(10, 5, 0.5, 3, 4, 5, 6, 7, 0.25, 8, 9, 10, 20, 15)
        assert lookup.realtime_metrics("a", "b:home") is None
        assert lookup.recent_items("t", "u") == ["c", "b", "a"]
        assert lookup.recent_items("t", "u", 2) == ["c", "b"]
        assert lookup.recent_items("t", "u", 0) == []
        assert lookup.recent_items("t", "nobody") == []


async def test_the_asynchronous_look_ups_answer_the_same(server: RedisProcess, settings: RedisSettings) -> None:
    async with AsyncLookup.connect(server.url, settings) as connected:
        lookup = AsyncLookup(connected._client, settings, ManualClock(NOW))
        items, metrics, recent = await asyncio.gather(
            lookup.hot_items(*PLACE, 2), lookup.realtime_metrics(*PLACE), lookup.recent_items("t", "u", 1)
        )
        assert (items, recent) == (HOT[:2], ["c"])
        assert metrics is not None
        assert metrics.clicks == 5


@pytest.mark.parametrize("server", ["single"], indirect=True)
async def test_a_look_up_is_one_round_trip(server: RedisProcess, settings: RedisSettings) -> None:
    with turns(server.port) as counted:
        url = f"redis://127.0.0.1:{counted.port}/0"
        with Lookup.connect(url, settings) as lookup:
            lookup.recent_items("t", "u")  # the connection is made
            for ask in (
                lambda: lookup.hot_items(*PLACE),
                lambda: lookup.realtime_metrics(*PLACE),
                lambda: lookup.recent_items("t", "u"),
            ):
                before = counted.count
                assert await asyncio.to_thread(ask)
                assert counted.count == before + 1
        async with AsyncLookup.connect(url, settings) as asynchronous:
            await asynchronous.recent_items("t", "u")
            for answer in (
                asynchronous.hot_items(*PLACE),
                asynchronous.realtime_metrics(*PLACE),
                asynchronous.recent_items("t", "u"),
            ):
                before = counted.count
                assert await answer
                assert counted.count == before + 1


def test_scores_without_a_half_life_are_an_error(server: RedisProcess, settings: RedisSettings) -> None:
    with Lookup.connect(server.url, settings) as lookup, server.client() as client:
        client.delete(settings.keys.hot_meta(*PLACE))
        with pytest.raises(ContractError, match="ItemHotScoreCalculator"):
            lookup.hot_items(*PLACE)
        client.delete(settings.keys.metrics(*PLACE))
        client.hset(settings.keys.metrics(*PLACE), "clicks", 1)
        with pytest.raises(ContractError, match="RealtimeMetricsAggregator"):
            lookup.realtime_metrics(*PLACE)


@pytest.mark.parametrize("server", ["single"], indirect=True)
def test_errors_say_what_to_do(server: RedisProcess, settings: RedisSettings) -> None:
    with Lookup.connect(server.url, settings) as lookup:
        with server.client() as client:
            client.set(settings.keys.recent("t", "x"), "no LIST")
        with pytest.raises(ContractError, match="another program"):
            lookup.recent_items("t", "x")
        server.stop()
        with pytest.raises(UnavailableError, match="CLICKSTREAM_REDIS_URL"):
            lookup.recent_items("t", "u")
    with pytest.raises(ConfigurationError, match="CLICKSTREAM_REDIS_URL"):
        Lookup.connect("nonsense", settings)


@pytest.mark.parametrize("server", ["single"], indirect=True)
def test_the_commands_show_the_live_list_and_the_metrics(server: RedisProcess, settings: RedisSettings) -> None:
    environment = {**own_environment(), "CLICKSTREAM_REDIS_URL": server.url, "COLUMNS": "100"}
    shown = clickstream(environment, "hot", *PLACE, "-n", "2").split()
    assert shown[:3] == ["rank", "item", "score"]
    assert [each for each in shown if each in ("hot", "warm", "cold")] == ["hot", "warm"]
    shown_top = clickstream(environment, "top", *PLACE, "--rounds", "2", "--interval", "0.1")
    assert "ctr 50.00%" in shown_top
    assert "warm" in shown_top
    assert "No hot items" in clickstream(environment, "hot", "nobody", "home")
