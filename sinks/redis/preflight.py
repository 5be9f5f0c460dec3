"""Whether a job could write to Redis, asked once, before it is submitted."""

from typing import Any
from urllib.parse import urlsplit

import redis

from clickstream.config import RedisSettings
from clickstream.errors import ConfigurationError
from sinks.redis.client import connect

_REFUSED = (redis.AuthenticationError, redis.exceptions.AuthorizationError, redis.exceptions.NoPermissionError)


def preflight(url: str, settings: RedisSettings) -> list[str]:
    """Ask whether Redis takes our credentials, and is a cluster where the settings say so.

    A job would find out with its first write, and be restarted for ever. A Redis that is merely away is another matter:
    jobs wait for it.

    Returns:
        One line when it does not answer.

    Raises:
        ConfigurationError: it refuses our credentials or the number of the database, or is of the other kind.
    """
    place = urlsplit(url).netloc.rpartition("@")[2]
    try:
        client = connect(url, settings)
        try:
            client.ping()
            is_cluster = settings.cluster or _is_cluster(client)
        finally:
            client.close()
    except _REFUSED as error:
        raise _refused(place, error) from error
    except redis.exceptions.RedisClusterException as error:
        # What a node said is wrapped in it, as its cause or in its text.
        cause = error.__cause__
        if isinstance(cause, _REFUSED):
            raise _refused(place, cause) from error
        if "cluster mode is not enabled" in str(error).lower():
            raise ConfigurationError(
                f"Redis at {place} is no cluster: unset CLICKSTREAM_REDIS_CLUSTER, or correct CLICKSTREAM_REDIS_URL"
            ) from error
        return [_away(place, cause or error)]
    except redis.ConnectionError as error:
        # Said while connecting, and so in the class of broken connections: a database that is not there.
        if "invalid db" in str(error).lower() or "db index" in str(error).lower():
            raise _refused(place, error) from error
        return [_away(place, error)]
    except (redis.TimeoutError, OSError) as error:
        return [_away(place, error)]
    except redis.ResponseError as error:
        raise _refused(place, error) from error
    if is_cluster and not settings.cluster:
        raise ConfigurationError(
            f"Redis at {place} is a node of a cluster: set CLICKSTREAM_REDIS_CLUSTER=true, or writes to keys of other "
            "nodes fail"
        )
    return []


def _is_cluster(client: redis.Redis | redis.RedisCluster) -> bool:
    try:
        answer: Any = client.info("cluster")
    except redis.ResponseError:
        return False  # INFO is not ours to ask
    return bool(answer.get("cluster_enabled"))


def _refused(place: str, error: BaseException) -> ConfigurationError:
    return ConfigurationError(f"Redis at {place} refuses us ({error}): correct CLICKSTREAM_REDIS_URL")


def _away(place: str, error: BaseException) -> str:
    return f"Redis at {place} does not answer ({error})"
