"""How the demo's shop is told of its collector and Redis: no server runs."""

from pathlib import Path

import pytest

from clickstream.errors import ConfigurationError
from devstack.layout import Layout
from devstack.plan import Plan
from devstack.servers.collector import write_key
from devstack.servers.shop import Shop

PORTS = {"collector": 8003, "redis": 6379, "shop": 8005}


def test_its_pages_carry_the_key_of_the_collector_beside_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    shop = Shop(layout, Plan(ports=PORTS, password="secret"))
    assert shop.environment() == {
        "CLICKSTREAM_COLLECTOR_URL": "http://127.0.0.1:8003",
        "CLICKSTREAM_REDIS_URL": "redis://:secret@127.0.0.1:6379/0",
    }
    command = shop.command()
    assert command[command.index("--key") + 1] == write_key(layout)


def test_it_reads_the_redis_that_somebody_else_runs(tmp_path: Path) -> None:
    plan = Plan(ports=PORTS, external={"redis": "redis://redis.example"})
    assert Shop(Layout(tmp_path), plan).environment()["CLICKSTREAM_REDIS_URL"] == "redis://redis.example"


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(ports={"redis": 6379}), "collector, which was never started here"),
        (Plan(ports={"collector": 8003}), "Redis, which was never started here"),
        (Plan(ports=PORTS, external={"collector": "http://collector.example"}), "whose keys are not known here"),
    ],
)
def test_it_says_what_it_lacks(plan: Plan, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Shop(Layout(tmp_path), plan).environment()
