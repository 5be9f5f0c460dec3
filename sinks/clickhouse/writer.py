"""Puts the sink together: one instance a worker, with an event loop of its own in a thread.

    write(batch) -> Report          blocks until every row is in the table, found there, or dead

The caller keeps nothing: when `write` returns, a checkpoint may be taken.
"""

import asyncio
import logging
import math
import random
import threading
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from clickstream.clock import Clock, SystemClock
from clickstream.config.clickhouse import Cluster, Node, Shard
from sinks.clickhouse.batch import Batch, Indices, Mask, Positions, Report
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.delivery import Delivery, Services, Terms
from sinks.clickhouse.errors import ServerError
from sinks.clickhouse.health import Health
from sinks.clickhouse.isolation import Sample
from sinks.clickhouse.lookups import Lookups
from sinks.clickhouse.replays import ReplayFilter
from sinks.clickhouse.routing import router
from sinks.clickhouse.transport import NodeClient
from sinks.clickhouse.views import Views

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Writer:
    """Writes micro-batches into the local tables of a cluster. Use it as a context manager, or call open and close."""

    def __init__(  # noqa: PLR0913 - all but the first are for tests, or one caller alone
        self,
        config: ClickHouseSinkConfig,
        blocked: Callable[[str], None] = logger.error,
        clock: Clock | None = None,
        *,
        source: random.Random | None = None,
        patience: float = math.inf,
        judge: Callable[[Sample], None] = lambda _: None,
    ) -> None:
        """Nothing is connected yet.

        Args:
            config: where and how.
            blocked: told once of each batch that is held although its attempts are used up.
            clock: for retries.
            source: of jitter and random routing.
            patience: seconds that `open` and each look-up wait for a node that does not answer: for ever in a job,
                seconds in a command.
            judge: told where many rows are refused; what it raises ends `write`, with rows in the table or not.
        """
        self._config = config
        self._blocked = blocked
        self._clock = clock or SystemClock()
        self._random = source or random.Random()
        self._patience = patience
        self._judge = judge
        self._session: aiohttp.ClientSession | None = None
        self._checks: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="clickhouse-writer", daemon=True)

    def open(self) -> None:
        """Connect, check the tables, and wait out inserts that a dead worker left running.

        Raises:
            ContractError: a node lacks the table or a column, or refuses our credentials.
            UnavailableError: a node did not answer for as long as we have patience.
        """
        self._thread.start()
        try:
            self._run(self._open())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close connections and end the thread."""
        if self._thread.is_alive():
            self._run(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def lookups(self) -> Lookups:
        """Questions to the table, for `run`."""
        return self._lookups

    @property
    def cluster(self) -> Cluster:
        """The shards that it writes to."""
        return self._config.cluster

    def healthy_replicas(self, shard: Shard) -> int:
        """How many replicas of a shard are not left alone at present."""
        return sum(self._health.usable(node) for node in shard.replicas)

    @property
    def unhealthy(self) -> list[Node]:
        """Nodes that are left alone at present."""
        return self._health.unhealthy

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a look-up on the writer's loop and wait for it."""
        return self._run(coroutine)

    def sort(self, positions: Positions, kafka_partitions: Indices) -> tuple[Mask, Mask]:
        """Which rows the topic repeats, and which the table holds already: see ReplayFilter.sort."""
        return self._run(self._replays.sort(positions, kafka_partitions))

    def write(self, batch: Batch) -> Report:
        """Store rows that `sort` found to be new. Parts for several shards go at the same time."""
        return self._run(self._write(batch))

    async def _write(self, batch: Batch) -> Report:
        report = Report()
        if not len(batch):
            return report
        parts = batch.parts(self._config.batch_bytes)
        report.parts_by_bytes = len(parts) - 1
        for part in parts:
            routed = self._router.split(part, self._health.shard_usable)
            for done in await _all_or_none([self._delivery.deliver(shard, rows) for shard, rows in routed]):
                report.add(done)
        return report

    async def _open(self) -> None:
        config = self._config
        self._session = session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=25),
            timeout=aiohttp.ClientTimeout(sock_connect=config.connect_timeout),
        )
        self._clients = {
            node: NodeClient(session, node, config.compression, config.insert_timeout) for node in config.cluster.nodes
        }
        self._health = Health(config.circuit_failures, config.health_interval, self._check)
        self._checks = asyncio.create_task(self._health.run())
        self._lookups = Lookups(
            config.cluster, self._clients, config.table, config.query_timeout, self._wait, self._patience
        )
        self._replays = ReplayFilter(self._lookups)
        self._router = router(config.routing, config.cluster, self._random)
        prefix = f"clickstream-{config.table}-"
        await self._lookups.inspect()
        await self._lookups.quiesce(prefix)
        views = Views(config.table, config.repairs, self._query)
        self._delivery = Delivery(
            clients=self._clients,
            health=self._health,
            router=self._router,
            terms=Terms(
                table=config.table,
                query_prefix=prefix,
                policy=config.policy,
                on_exhausted=config.on_exhausted,
                replicated=self._lookups.replicated,
                settings={"insert_quorum": "auto", **config.settings} if self._lookups.replicated else config.settings,
            ),
            services=Services(
                try_present=self._lookups.try_present,
                found=views.note_repairs,
                culprits=views.culprits,
                wait=self._wait,
                blocked=self._blocked,
                judge=self._judge,
            ),
            clock=self._clock,
        )

    async def _close(self) -> None:
        if self._checks:
            self._checks.cancel()
        if self._session:
            await self._session.close()

    async def _check(self, node: Node) -> bool:
        return await self._clients[node].ping(self._config.connect_timeout)

    async def _query(self, node: Node, sql: str, session: str = "") -> bytes | ServerError:
        return await self._clients[node].query(sql, self._config.query_timeout, session)

    async def _wait(self, retry: int) -> None:
        await asyncio.sleep(self._config.policy.delay(retry, self._random))

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C ends the waiting here, not the coroutine
            raise


async def _all_or_none(deliveries: Sequence[Coroutine[Any, Any, Report]]) -> list[Report]:
    """Their reports; where one fails the others are ended first, as the end of the process would end them."""
    tasks = [asyncio.ensure_future(each) for each in deliveries]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
