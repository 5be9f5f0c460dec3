"""Writes to Redis that are tried until they are done."""

import logging
import random
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import redis

from clickstream.clock import Clock, SystemClock
from clickstream.errors import ContractError
from clickstream.retry import RetryPolicy
from sinks.redis.client import Client

logger = logging.getLogger(__name__)

W = TypeVar("W")
W_contra = TypeVar("W_contra", contravariant=True)

PIPELINE_WRITES = 500
# Answers of a server that is there but cannot write now: full, starting, demoted, or moving slots.
_TRANSIENT_CODES = ("MISCONF", "NOREPLICAS", "LOADING", "READONLY", "OOM")  # where the client has no class, in a script
_TRANSIENT = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.ClusterError,
    redis.exceptions.RedisClusterException,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.MasterDownError,
    redis.exceptions.TryAgainError,
    OSError,
)


class Queue(Protocol[W_contra]):
    """Puts the commands of one write into a pipeline. Plain data, pickled into the workers."""

    def __call__(self, pipeline: Any, write: W_contra) -> None:
        """Queue the commands; every one sets an absolute value."""


class RedisWriter(Generic[W]):
    """Writes until everything is written. Its caller waits, so that Kafka does: nothing is dropped."""

    def __init__(
        self,
        connect: Callable[[], Client],
        queue: Queue[W],
        policy: RetryPolicy,
        clock: Clock | None = None,
        retried: Callable[[], None] = lambda: None,
    ) -> None:
        """No connection is tried yet.

        Args:
            connect: makes a client.
            queue: the commands of a write.
            policy: the waits between two tries; it is never exhausted.
            clock: to wait by.
            retried: told of each try after the first.
        """
        self._connect = connect
        self._queue = queue
        self._policy = policy
        self._clock = clock or SystemClock()
        self._retried = retried
        self._random = random.Random()
        self._client: Client | None = None

    def write(self, writes: Sequence[W]) -> None:
        """Write all; a pipeline that failed is sent again whole.

        Raises:
            ContractError: Redis refuses a command for what it is.
        """
        for begin in range(0, len(writes), PIPELINE_WRITES):
            self._write(writes[begin : begin + PIPELINE_WRITES])

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _write(self, writes: Sequence[W]) -> None:
        attempt = 0
        while (problem := self._problem(writes)) is not None:
            attempt += 1
            delay = self._policy.delay(attempt, self._random)
            logger.warning("Redis does not take a write (try %d): %s; again in %.1f s", attempt, _told(problem), delay)
            self._retried()
            self._clock.sleep(delay)
        if attempt:
            logger.warning("Redis took the write at try %d", attempt + 1)

    def _problem(self, writes: Sequence[W]) -> Exception | None:
        """Try once. What stood against it, when trying again may help."""
        try:
            if self._client is None:
                self._client = self._connect()
            pipeline: Any = self._client.pipeline(transaction=False)
            for write in writes:
                self._queue(pipeline, write)
            pipeline.execute()
        except _TRANSIENT as error:
            if not isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError):
                self.close()
                return error
            raise self._refused(error) from error
        except redis.RedisError as error:
            if any(code in _told(error) for code in _TRANSIENT_CODES):
                return error
            raise self._refused(error) from error
        return None

    def _refused(self, error: Exception) -> ContractError:
        return ContractError(
            f"Redis refuses a write: {_told(error)}. Check password and rights of CLICKSTREAM_REDIS_URL, and that no "
            "other program keeps values of another type under keys of CLICKSTREAM_REDIS_KEY_*. Nothing is lost: the "
            "job goes on from its last checkpoint"
        )


def _told(error: Exception) -> str:
    """What Redis said, without the command: its arguments are the data of users."""
    return f"{type(error).__name__}: {str(error).rpartition('caused error: ')[2]}"
