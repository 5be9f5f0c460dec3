"""Look-ups that block."""

from types import TracebackType
from typing import Any, Self

import redis
from redis.cluster import RedisCluster

from clickstream.clock import Clock, SystemClock
from clickstream.config import RedisSettings
from clickstream.lookup.connection import options, settings, translated
from clickstream.lookup.results import HotItem, LiveMetrics, hot_items_of, metrics_of


class Lookup:
    """Asks Redis. Safe to share between threads: connections come from a pool."""

    def __init__(self, client: Any, redis_settings: RedisSettings, clock: Clock | None = None) -> None:
        """Use a client that decodes answers to text."""
        self._client = client
        self._keys = redis_settings.keys
        self._clock = clock or SystemClock()

    @classmethod
    def connect(cls, url: str | None = None, redis_settings: RedisSettings | None = None) -> Self:
        """Connect; what is not given comes from the environment.

        Raises:
            ConfigurationError: the address is missing or malformed.
            UnavailableError: a cluster does not answer; a single server is not asked before the first look-up.
        """
        found_url, found = settings(url, redis_settings)
        with translated():
            kind: Any = RedisCluster if found.cluster else redis.Redis
            return cls(kind.from_url(found_url, **options(found)), found)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def hot_items(self, tenant_id: str, scenario_id: str, n: int = 50, min_score: float = 0.0) -> list[HotItem]:
        """The n hottest items of a place, hottest first; fewer where fewer are as hot as `min_score`, none if unknown.

        Raises:
            UnavailableError: Redis does not answer.
            ContractError: the keys hold something else.
        """
        if n <= 0:
            return []
        key = self._keys.hot_items(tenant_id, scenario_id)
        with translated():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.zrange(key, 0, n - 1, desc=True, withscores=True)
            pipeline.hgetall(self._keys.hot_meta(tenant_id, scenario_id))
            members, meta = pipeline.execute()
        return hot_items_of(members, meta, self._clock.now(), min_score, key)

    def realtime_metrics(self, tenant_id: str, scenario_id: str) -> LiveMetrics | None:
        """The metrics of a place; None when none were written for a day.

        Raises:
            UnavailableError: Redis does not answer.
            ContractError: the key holds something else.
        """
        key = self._keys.metrics(tenant_id, scenario_id)
        with translated():
            fields = self._client.hgetall(key)
        return metrics_of(fields, key)

    def recent_items(self, tenant_id: str, user_id: str, n: int = 50) -> list[str]:
        """The n items that a user viewed or clicked last, newest first, each once.

        Where the template of the key has no {tenant}, `tenant_id` makes no difference: there is one tenant.

        Raises:
            UnavailableError: Redis does not answer.
            ContractError: the key holds something else.
        """
        if n <= 0:
            return []
        with translated():
            return list(self._client.lrange(self._keys.recent(tenant_id, user_id), 0, n - 1))
