"""How look-ups connect, and what the failures of Redis mean to whoever asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from clickstream.config import RedisSettings, ServerSettings, resolve
from clickstream.error_codes import ErrorCode
from clickstream.errors import ConfigurationError, ContractError, UnavailableError


def settings(url: str | None, redis_settings: RedisSettings | None) -> tuple[str, RedisSettings]:
    """Address and settings; what is not given comes from the environment.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    url = url or resolve(ServerSettings).redis_url
    if not url:
        raise ConfigurationError("CLICKSTREAM_REDIS_URL is not set (redis://user:password@host:6379/0)")
    return url, redis_settings or resolve(RedisSettings)


def options(settings: RedisSettings) -> dict[str, Any]:
    """Of a client: answers as text, and no longer wait than a page can afford."""
    return {
        "decode_responses": True,
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.timeout,
    }


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into ours.

    Raises:
        UnavailableError: Redis does not answer.
        ContractError: it refuses.
        ConfigurationError: the address is malformed.
    """
    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
        raise ConfigurationError(f"Redis refuses the user or password of CLICKSTREAM_REDIS_URL: {error}") from error
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.RedisClusterException, OSError) as error:
        raise UnavailableError(
            f"Redis does not answer: {error}; is it running, and is CLICKSTREAM_REDIS_URL its address?",
            ErrorCode.REDIS_AWAY,
            reason=str(error),
        ) from error
    except redis.RedisError as error:
        raise ContractError(
            f"Redis refuses a look-up: {error}; does another program use the keys of CLICKSTREAM_REDIS_KEY_*?",
            ErrorCode.REDIS_REFUSES,
            reason=str(error),
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"CLICKSTREAM_REDIS_URL is no address of Redis: {error}") from error
