import asyncio

from clickstream.config.clickhouse import Node, Shard
from sinks.clickhouse.health import Health
from tests.unit.sinks.clickhouse.nodes import node

FIRST, SECOND = node(1), node(2)
SHARD = Shard(0, (FIRST, SECOND))


class Checks:
    def __init__(self) -> None:
        self.healthy: set[Node] = set()
        self.asked: list[Node] = []
        self.called = asyncio.Event()

    async def __call__(self, asked: Node) -> bool:
        self.asked.append(asked)
        self.called.set()
        return asked in self.healthy


def test_a_circuit_opens_after_failures_in_a_row_and_closes_with_a_success() -> None:
    health = Health(3, 5, Checks())
    for _ in range(2):
        health.failed(FIRST)
        assert health.usable(FIRST)
    health.succeeded(FIRST)
    for _ in range(2):
        health.failed(FIRST)
    assert health.usable(FIRST)
    health.failed(FIRST)
    assert not health.usable(FIRST)
    assert health.unhealthy == [FIRST]
    assert health.usable(SECOND)
    health.succeeded(FIRST)
    assert health.usable(FIRST)
    assert health.unhealthy == []


def test_a_shard_is_usable_while_one_replica_is() -> None:
    health = Health(1, 5, Checks())
    health.failed(FIRST)
    assert health.shard_usable(SHARD)
    health.failed(SECOND)
    assert not health.shard_usable(SHARD)


async def test_a_check_asks_only_nodes_that_are_left_alone() -> None:
    checks = Checks()
    health = Health(1, 5, checks)
    await health.check_once()
    assert checks.asked == []
    health.failed(FIRST)
    health.failed(SECOND)
    checks.healthy = {SECOND}
    await health.check_once()
    assert checks.asked == [FIRST, SECOND]
    assert health.unhealthy == [FIRST]


async def test_checks_go_on_in_the_background_until_cancelled() -> None:
    checks = Checks()
    health = Health(1, 0.001, checks)
    task = asyncio.create_task(health.run())
    health.failed(FIRST)
    async with asyncio.timeout(10):
        await checks.called.wait()
        assert not health.usable(FIRST)
        checks.healthy = {FIRST}
        while not health.usable(FIRST):
            await asyncio.sleep(0)
    task.cancel()
    await task
    assert task.done()
