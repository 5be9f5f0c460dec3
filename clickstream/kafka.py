"""Kafka's administration: connections that fail with an address, topic ids, and the epoch made of them."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import xxhash
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from clickstream.clock import Clock
from clickstream.errors import UnavailableError
from clickstream.kafka_away import kafka_away

T = TypeVar("T")

_ABSENT = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.UNKNOWN_TOPIC_ID})
EPOCHS = 2**32 - 1
_POLL_SECONDS = 0.05


class KafkaAdmin:
    """An admin client whose failures say which cluster did not answer, and why.

    Guarantees: no call waits much longer than `timeout` seconds; nothing is printed to the process's stderr.
    """

    def __init__(self, bootstrap: str, timeout: float) -> None:
        """Make the client; no connection is tried yet.

        Args:
            bootstrap: host:port of one broker or more, comma-separated.
            timeout: seconds that one call may take.
        """
        self.bootstrap = bootstrap
        self.timeout = timeout
        self._problem = ""
        configuration: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "error_cb": self._note,
            "log_level": 0,
            "socket.timeout.ms": 10_000,
        }
        self.client = AdminClient(configuration)

    def ask(self, request: Callable[[AdminClient], T]) -> T:
        """Make a request that answers directly.

        Raises:
            UnavailableError: the cluster does not answer.
            KafkaException: it answers with an error.
        """
        try:
            return request(self.client)
        except KafkaException as error:
            raise self._translated(error) from error

    def wait(self, answer: "Future[T]") -> T:
        """Wait for an answer that comes as a future.

        Raises:
            UnavailableError: the cluster does not answer.
            KafkaException: it answers with an error.
        """
        try:
            return answer.result(self.timeout + 1)
        except TimeoutError as error:
            raise self._unavailable(None) from error
        except KafkaException as error:
            raise self._translated(error) from error

    def await_topic(self, topic: str, clock: Clock) -> None:
        """Wait until the brokers know a topic that was just created: the controller answers before they do.

        Raises:
            UnavailableError: they do not within `timeout` seconds.
        """
        deadline = clock.monotonic() + self.timeout
        while topic not in self.ask(lambda client: client.list_topics(timeout=self.timeout)).topics:
            if clock.monotonic() > deadline:
                raise UnavailableError(
                    f"Kafka at {self.bootstrap} created topic {topic}, but its brokers do not know it yet: try again"
                )
            clock.sleep(_POLL_SECONDS)

    def topic_id(self, topic: str) -> str | None:
        """The topic's id, as the function `topic_id` gives it, over a connection that is kept: about a millisecond.

        Raises:
            UnavailableError: the cluster does not answer.
            KafkaException: it refuses.
        """
        answers = self.ask(
            lambda client: client.describe_topics(TopicCollection([topic]), request_timeout=self.timeout)
        )
        try:
            return str(self.wait(answers[topic]).topic_id)
        except KafkaException as error:
            if error.args[0].code() in _ABSENT:
                return None
            raise

    def _note(self, error: KafkaError) -> None:
        self._problem = error.str()

    def _translated(self, error: KafkaException) -> Exception:
        found = error.args[0]
        local = found.code() < 0  # errors of the client library: the broker gave no answer
        if local or found.retriable():
            return self._unavailable(found)
        return error

    def _unavailable(self, error: KafkaError | None) -> UnavailableError:
        self.client.poll(0)  # lets the client report why it has no connection
        return kafka_away(self.bootstrap, error, self._problem)


def topic_id(bootstrap: str, topic: str, timeout: float = 10.0) -> str | None:
    """The id that Kafka gave the topic when it was created: a topic deleted and made anew has another one.

    Args:
        bootstrap: host:port of one broker or more, comma-separated.
        topic: its name.
        timeout: seconds.

    Returns:
        The id as Kafka's tools print it (22 characters of base64); None when there is no such topic.

    Raises:
        UnavailableError: Kafka does not answer within the timeout.
        KafkaException: Kafka refuses, for instance for want of a permission.
    """
    return KafkaAdmin(bootstrap, timeout).topic_id(topic)


def topic_epoch(topic_id: str, generation: int) -> int:
    """The epoch of the events read from a topic: first part of their ingest position (`_epoch` in ClickHouse).

    It is 1 + (xxHash32(topic id) + generation) mod (2^32 - 1), so it

    - fits UInt32 and is never 0, which marks rows that were not read from Kafka;
    - is the same on every machine and in every run;
    - differs between all generations of one topic (the last of 2^32 possible ones excepted);
    - differs between two topics, and between a topic and its successor of the same name, but for a chance of one in
      four billion.

    Args:
        topic_id: as `topic_id` gives it.
        generation: KafkaSettings.generation, 0 to 2^32 - 1: raised to read a topic again as if its events were new.

    Raises:
        ValueError: the generation is out of range, or the id is empty.
    """
    if not 0 <= generation < 2**32:
        raise ValueError(f"the generation is {generation}; it must be from 0 to {2**32 - 1}")
    if not topic_id:
        raise ValueError("the topic id is empty: has the topic been looked up?")
    return 1 + (xxhash.xxh32_intdigest(topic_id.encode()) + generation) % EPOCHS
