"""Records to a Kafka topic: idempotent, every one acknowledged by all replicas or an error."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from clickstream.errors import UnavailableError
from clickstream.generator.records import Chunk

CONNECT_SECONDS = 10.0
# Records handed to the client and not yet acknowledged. At 450 bytes each this is 90 MB.
MOST_IN_FLIGHT = 200_000
_BATCH = 10_000

SETTINGS: Mapping[str, str | int | bool] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": 20,
    "batch.size": 1 << 20,
    "batch.num.messages": 10_000,
    "queue.buffering.max.messages": 2 * MOST_IN_FLIGHT,
    "queue.buffering.max.kbytes": 1 << 20,
    # The partition that the Java clients would choose for the same key.
    "partitioner": "murmur2_random",
    # A Python call for each record would halve the speed; the client calls for those that fail.
    "delivery.report.only.error": True,
    "delivery.timeout.ms": 120_000,
    # Errors are raised, not printed.
    "log_level": 0,
}


class KafkaWriter:
    """Writes chunks to one topic, the key, value and timestamp as they are. Order within a key is kept.

    Args:
        bootstrap: host:port of brokers, separated by commas.
        topic: must exist.
        settings: of librdkafka, over SETTINGS.
    """

    def __init__(self, bootstrap: str, topic: str, settings: Mapping[str, str | int | bool] | None = None) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._settings = {**SETTINGS, **(settings or {}), "bootstrap.servers": bootstrap}
        self._producer: Any = None
        self._refused = 0
        self._reason = ""

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            UnavailableError: no broker answers, or the topic is not there.
        """
        # Only whoever writes to Kafka needs the client.
        from confluent_kafka import KafkaException, Producer  # noqa: PLC0415 - see above

        from clickstream.kafka_away import kafka_away  # noqa: PLC0415 - likewise

        self._producer = Producer({**self._settings, "on_delivery": self._delivered})
        try:
            known = self._producer.list_topics(self._topic, timeout=CONNECT_SECONDS).topics[self._topic]
        except KafkaException as error:
            raise kafka_away(self._bootstrap, error.args[0]) from error
        if known.error is not None:
            raise UnavailableError(
                f"Kafka at {self._bootstrap} has no topic {self._topic}: {known.error.str()}; "
                "create it with `clickstream migrate`"
            )
        return self

    def write(self, chunk: Chunk) -> None:
        """Hand over to the client, waiting while too many records are unacknowledged.

        Raises:
            UnavailableError: this or an earlier record was refused or timed out.
        """
        from confluent_kafka import KafkaException  # noqa: PLC0415 - as in __enter__

        # One call for each record: the client's produce_batch takes no timestamps.
        produce, topic = self._producer.produce, self._topic
        for begin in range(0, len(chunk), _BATCH):
            end = begin + _BATCH
            # Room is made first, so that the queue, which is twice as long, is never full.
            self._wait_until_in_flight(MOST_IN_FLIGHT - _BATCH)
            records = zip(chunk.keys[begin:end], chunk.values[begin:end], chunk.timestamps[begin:end], strict=True)
            try:
                for key, value, at in records:
                    produce(topic, value, key, -1, None, None, at)
            except KafkaException as error:
                raise UnavailableError(
                    f"the Kafka client refused a record for {topic}: {error.args[0].str()}; "
                    "what was sent is incomplete: start again with an empty topic"
                ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until every record is acknowledged.

        Raises:
            UnavailableError: one was refused or timed out.
        """
        if kind is None:
            self._wait_until_in_flight(0)
        else:
            self._producer.purge()
            self._producer.poll(0)

    def _wait_until_in_flight(self, most: int) -> None:
        self._producer.poll(0)
        # Waiting for the last ones, do not wait for batches to fill too.
        wait = self._producer.poll if most else self._producer.flush
        while len(self._producer) > most:
            wait(0.005)
        if self._refused:
            raise UnavailableError(
                f"Kafka at {self._bootstrap} refused {self._refused} records for {self._topic}: {self._reason}; "
                "what was sent is incomplete: start again with an empty topic when the broker is well"
            )

    def _delivered(self, error: Any, _message: object) -> None:
        if error is not None:
            self._refused += 1
            self._reason = error.str()  # a KafkaError
