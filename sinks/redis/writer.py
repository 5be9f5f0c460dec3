"""Writes to Redis that are tried for a while, and again whenever their caller comes back with them."""

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
    """Writes for as long as its caller has patience, and hands back what Redis did not take: nothing is dropped."""

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
            policy: the waits between two tries, which go on from one call to the next; it is never exhausted.
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
        self._failures = 0  # in a row

    def write(self, writes: Sequence[W], patience: float) -> Sequence[W]:
        """Write what Redis takes; a pipeline that failed is sent again whole.

        Args:
            writes: in their order.
            patience: seconds after which no other try is begun, once one has failed.

        Returns:
            The rest, to be given to the next call; empty: everything is written.

        Raises:
            ContractError: Redis refuses a command for what it is.
        """
        begun = self._clock.monotonic()
        while writes:
            if self._try(writes[:PIPELINE_WRITES]):
                writes = writes[PIPELINE_WRITES:]
            elif self._clock.monotonic() > begun + patience:
                break
        return writes

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _try(self, writes: Sequence[W]) -> bool:
        """Write once; wait when it failed."""
        problem = self._problem(writes)
        if problem is None:
            if self._failures:
                logger.warning("Redis took the write at try %d", self._failures + 1)
            self._failures = 0
            return True
        self._failures += 1
        delay = self._policy.delay(self._failures, self._random)
        logger.warning(
            "Redis does not take a write (try %d): %s; again in %.1f s", self._failures, _told(problem), delay
        )
        self._retried()
        self._clock.sleep(delay)
        return False

    def _problem(self, writes: Sequence[W]) -> Exception | None:
        """Try once. What stood against it, when trying again may help.

        What the client raises quotes the command, whose arguments are users' data: it is not made a cause, for Flink
        logs causes too.
        """
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
            raise self._refused(error) from None
        except redis.RedisError as error:
            if any(code in _told(error) for code in _TRANSIENT_CODES):
                return error
            raise self._refused(error) from None
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
