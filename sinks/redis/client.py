"""Connections to Redis, a single server or a cluster."""

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from clickstream.config import RedisSettings, ServerSettings
from clickstream.errors import ConfigurationError

Client = redis.Redis | RedisCluster


def address(servers: ServerSettings) -> str:
    """The setting.

    Raises:
        ConfigurationError: it is not there.
    """
    if not servers.redis_url:
        raise ConfigurationError("CLICKSTREAM_REDIS_URL is not set (redis://user:password@host:6379/0)")
    return servers.redis_url


def connect(url: str, settings: RedisSettings) -> Client:
    """A client that tries nothing twice by itself: who writes decides on that. On a cluster it connects at once.

    Raises:
        ConfigurationError: the address is malformed.
        redis.RedisError: a cluster does not answer.
    """
    options: dict[str, Any] = {
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.timeout,
        "decode_responses": True,
    }
    try:
        if settings.cluster:
            cluster: RedisCluster = RedisCluster.from_url(url, **options)
            return cluster
        return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)
    except ValueError as error:
        raise ConfigurationError(
            f"CLICKSTREAM_REDIS_URL is no address of Redis: {error}; write redis://user:password@host:6379/0"
        ) from error
