"""Live figures, and what an outage of Redis or ClickHouse looks like while it lasts and after it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.services import Services
from analytics.tokens import Tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, RedisSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.lookup import AsyncLookup
from tests.contract.analytics.service import Client, running
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.redis import RedisProcess

pytestmark = pytest.mark.net

METRICS = {
    "impressions": 200,
    "clicks": 30,
    "ctr": 0.15,
    "views": 20,
    "likes": 1,
    "shares": 0,
    "add_carts": 5,
    "conversions": 3,
    "conversion_rate": 0.1,
    "active_users": 17,
    "active_items": 11,
    "window_start": 1,
    "window_end": 3_600_001,
    "updated_at": 5,
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("analytics-redis")) as started:
        yield started


@pytest.fixture(scope="module")
def own_clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Empty, and stopped by a test."""
    made = ServerProcess(tmp_path_factory.mktemp("own-clickhouse"))
    made.start()
    yield made
    if made.process is not None:
        made.end()


@pytest.fixture(scope="module")
def live(
    own_clickhouse: ServerProcess, redis: RedisProcess, settings: AnalyticsSettings, tokens: dict[str, str]
) -> Iterator[Client]:
    clock, redis_settings = SystemClock(), RedisSettings(timeout=2)
    services = Services(
        settings=settings,
        tokens=Tokens(Path(tokens["file"])),
        warehouse=Warehouse(ClickHouseSettings(urls=own_clickhouse.url), settings, clock),
        lookup=AsyncLookup.connect(redis.url, redis_settings),
        clock=clock,
    )
    with running(services) as address, Client(address, tokens["aurora"]) as client:
        yield client


def test_live_values_and_hot_items_of_ones_own_tenant(live: Client, redis: RedisProcess) -> None:
    now = time.time()
    with redis.client() as client:
        for tenant, factor in (("aurora", 1), ("borealis", 2)):
            metrics = METRICS | {"clicks": 30 * factor}
            client.hset(
                f"metrics:realtime:{tenant}:home", mapping={name: str(value) for name, value in metrics.items()}
            )
            client.zadd(f"hot:items:{tenant}:home", {f"{tenant}-b": now / 3600 + 1, f"{tenant}-a": now / 3600 + 2})
            client.hset(f"hot:meta:{tenant}:home", "half_life", "3600")
    found = live.get("realtime", scenario_id="home")
    assert found == METRICS | {"ctr": 15, "conversion_rate": 10, "live": True, "data_source": "redis"}
    items = live.get("hot", scenario_id="home")["items"]
    assert [item["item_id"] for item in items] == ["aurora-a", "aurora-b"]
    assert [item["score"] for item in items] == pytest.approx([4, 2], rel=0.05)
    assert live.refused("hot", scenario_id="home", tenant_id="borealis")[0] == 403
    assert live.get("hot", scenario_id="home:x")["items"] == []
    assert live.get("realtime", scenario_id="nowhere") == {
        **dict.fromkeys(METRICS),
        "live": False,
        "data_source": "redis",
    }


def test_an_outage_of_redis_is_said_and_heals_by_itself(live: Client, redis: RedisProcess) -> None:
    redis.stop()
    status, said = live.refused("hot", scenario_id="home")
    assert status == 503
    assert "Redis does not answer" in said
    assert live.http.get("/readyz").status_code == 200
    redis.start()
    assert live.get("hot", scenario_id="nowhere")["items"] == []


def test_an_outage_of_clickhouse_is_said_and_heals_by_itself(live: Client, own_clickhouse: ServerProcess) -> None:
    own_clickhouse.end()
    status, said = live.refused("dashboard")
    assert status == 503
    assert "ClickHouse does not answer" in said
    assert live.http.get("/readyz").status_code == 503
    assert live.get("hot", scenario_id="nowhere")["items"] == []
    own_clickhouse.start()
    assert live.http.get("/readyz").status_code == 200
    status, said = live.refused("dashboard")
    assert status == 500
    assert "clickstream migrate" in said  # this server has no tables


def test_without_redis_there_are_no_live_figures(client: Client) -> None:
    status, said = client.refused("hot", tenant_id="aurora", scenario_id="home")
    assert status == 503
    assert "CLICKSTREAM_REDIS_URL" in said
