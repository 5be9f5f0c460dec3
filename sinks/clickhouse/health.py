"""Which nodes are worth asking: a circuit breaker a node, closed again by a check in the background."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from clickstream.config.clickhouse import Node, Shard

logger = logging.getLogger(__name__)

Check = Callable[[Node], Awaitable[bool]]


class Health:
    """Counts each node's failures in a row; at the limit the node is left alone until a check succeeds.

    An open circuit is advice, not a ban: where all replicas of a shard are open, callers try them all the same.
    """

    def __init__(self, failures: int, interval: float, check: Check) -> None:
        self._limit = failures
        self._interval = interval
        self._check = check
        self._failures: dict[Node, int] = {}

    def usable(self, node: Node) -> bool:
        """Whether the node's circuit is closed."""
        return self._failures.get(node, 0) < self._limit

    def shard_usable(self, shard: Shard) -> bool:
        """Whether any replica's circuit is closed."""
        return any(self.usable(node) for node in shard.replicas)

    def failed(self, node: Node) -> None:
        """The node did not do what it was asked."""
        self._failures[node] = self._failures.get(node, 0) + 1
        if self._failures[node] == self._limit:
            logger.warning("%s failed %d times in a row: left alone until it answers a check", node, self._limit)

    def succeeded(self, node: Node) -> None:
        """The node answered: its circuit is closed."""
        if self._failures.pop(node, 0) >= self._limit:
            logger.info("%s answers again", node)

    @property
    def unhealthy(self) -> list[Node]:
        """Nodes whose circuit is open."""
        return [node for node in self._failures if not self.usable(node)]

    async def check_once(self) -> None:
        """Ask every node whose circuit is open, all at once."""
        nodes = self.unhealthy
        for node, healthy in zip(nodes, await asyncio.gather(*map(self._check, nodes)), strict=True):
            if healthy:
                self.succeeded(node)

    async def run(self) -> None:
        """Check for ever, until cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(self._interval)
                await self.check_once()
