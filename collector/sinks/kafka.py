"""Kafka: idempotent, acknowledged by all replicas in sync, bounded in records, bytes and time.

The client's callbacks are served from the event loop, by a timer that runs while something is unacknowledged: so no
thread competes with the loop for the interpreter, and many acknowledgements cost one wake-up.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from clickstream.errors import ConfigurationError
from collector.avro_events import encode
from collector.records import Record
from collector.sinks.sink import SinkRefusedError, SinkUnavailableError

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.002
_PROBE_SECONDS = 0.5
_PROBE_TIMEOUT = 3.0
_LOOK_SECONDS = 2.0

# What trying again does not mend.
_REFUSALS = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG}
)

DEFAULTS: Mapping[str, str | int | float | bool] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": 3,
    "partitioner": "murmur2_random",  # the partition that the Java clients would choose
    "socket.keepalive.enable": True,
    "reconnect.backoff.max.ms": 1000,
    "log_level": 0,  # errors come by the callback
}


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """What a sink is made of.

    Attributes:
        producer: of the client, over DEFAULTS.
        topic: of events.
        rejected: of rejected events.
        ack_seconds: until a record that is not acknowledged is given up.
        queue_records: unacknowledged at the most.
        queue_bytes: of these.
        avro: name and value of the header that names the schema, where events go in Avro; None: they go as JSON.
    """

    producer: Mapping[str, str | int | float | bool]
    topic: str
    rejected: str
    ack_seconds: float = 5.0
    queue_records: int = 50_000
    queue_bytes: int = 64 * 1024 * 1024
    avro: tuple[str, str] | None = None

    def client(self) -> dict[str, Any]:
        """The client's configuration."""
        return {
            **DEFAULTS,
            "message.timeout.ms": int(self.ack_seconds * 1000),
            "queue.buffering.max.messages": 2 * self.queue_records,
            "queue.buffering.max.kbytes": max(2048, 2 * self.queue_bytes // 1024),
            **self.producer,
        }


class _Batch:
    """Records whose acknowledgements belong together."""

    __slots__ = ("error", "future", "left", "owner", "size")

    def __init__(self, owner: "KafkaSink", count: int, size: int, future: "asyncio.Future[None]") -> None:
        self.owner, self.left, self.size, self.future = owner, count, size, future
        self.error: KafkaError | None = None

    def acknowledged(self, error: KafkaError | None, _message: object) -> None:
        """One of them is, or never will be."""
        if error is not None:
            self.error = error
        else:
            self.owner.acknowledged += 1
        self.left -= 1
        self.owner.unacknowledged -= 1
        if not self.left:
            self.owner.unacknowledged_bytes -= self.size
            if not self.future.done():
                self.future.set_result(None)


class KafkaSink:
    """One producer. After a failure it takes nothing until a broker answers for its topics again.

    Attributes:
        acknowledged: records so far.
        unacknowledged: records that the client holds.
        unacknowledged_bytes: of them.

    Raises:
        ConfigurationError: the client refuses its configuration.
    """

    def __init__(self, name: str, options: KafkaOptions) -> None:
        self.name, self._options = name, options
        self.acknowledged = self.unacknowledged = self.unacknowledged_bytes = 0
        self._problem = "it has not answered yet"
        self._detail = ""
        self._fatal = False
        self._timer: asyncio.TimerHandle | None = None
        self._probing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        try:
            self._producer = self._made()
        except KafkaException as error:
            raise ConfigurationError(f"sinks.{name}.producer: {error.args[0].str()}") from None

    async def start(self) -> None:
        """Ask for the topics; whoever does not answer is asked again in the background."""
        self._loop = asyncio.get_running_loop()
        self._problem = await self._probe()
        if self._problem:
            logger.warning("Kafka (%s) takes nothing yet: %s", self.name, self._problem)
            self._probing = self._loop.create_task(self._probe_until_well())
        self._watching = self._loop.create_task(self._watch())

    def problem(self) -> str:
        """Why it takes nothing now."""
        return self._problem

    def waiting(self) -> int:
        """Records that the client holds."""
        return self.unacknowledged

    async def write(self, records: Sequence[Record]) -> None:
        """Send, and wait until every replica in sync has them.

        Raises:
            SinkUnavailableError: Kafka is away, the queue is full, or some were not acknowledged in time.
            SinkRefusedError: one of them will never be taken.
        """
        if self._problem:
            raise SinkUnavailableError("kafka_away", f"Kafka does not take events: {self._problem}")
        size = sum(record.size for record in records)
        if (
            self.unacknowledged + len(records) > self._options.queue_records
            or self.unacknowledged_bytes + size > self._options.queue_bytes
        ):
            raise SinkUnavailableError("queue_full", "Kafka takes events more slowly than they come")
        batch = _Batch(self, len(records), size, self._loop.create_future())
        self.unacknowledged += len(records)
        self.unacknowledged_bytes += size
        self._produce(records, batch)
        if self._timer is None:
            self._timer = self._loop.call_later(_POLL_SECONDS, self._poll)
        await batch.future
        if (error := batch.error) is None:
            return
        if error.code() in _REFUSALS:
            raise SinkRefusedError("refused", f"Kafka refuses a record: {error.str()}")
        if error.code() != KafkaError._QUEUE_FULL:
            self.failed(f"it did not acknowledge: {error.str()}")
        raise SinkUnavailableError("not_acknowledged", f"Kafka did not acknowledge: {error.str()}")

    async def close(self) -> None:
        """Wait until nothing is unacknowledged, which takes `ack_seconds` at the most."""
        for task in (self._probing, self._watching):
            if task:
                task.cancel()
        while self.unacknowledged:
            await asyncio.sleep(_POLL_SECONDS)
        if self._timer:
            self._timer.cancel()

    def _produce(self, records: Sequence[Record], batch: _Batch) -> None:
        produce, done = self._producer.produce, batch.acknowledged
        topics = (self._options.topic, self._options.rejected)
        avro = self._options.avro
        for record in records:
            try:
                if avro and not record.rejected:
                    produce(topics[0], encode(record.value), record.key, on_delivery=done, headers=[avro])
                else:
                    produce(topics[record.rejected], record.value, record.key, on_delivery=done)
            except BufferError:
                done(KafkaError(KafkaError._QUEUE_FULL), None)
            except KafkaException as error:
                done(error.args[0], None)

    def _poll(self) -> None:
        self._serve()
        self._timer = self._loop.call_later(_POLL_SECONDS, self._poll) if self.unacknowledged else None

    def _serve(self) -> None:
        self._producer.poll(0)
        if self._fatal:
            self._replace()

    def _made(self) -> Producer:
        return Producer({**self._options.client(), "error_cb": self._note})

    def _replace(self) -> None:
        # An idempotent producer that has lost its place refuses everything from then on: what it holds is answered as
        # not acknowledged, and its successor begins anew.
        logger.error("the Kafka client (%s) failed for good and is replaced: %s", self.name, self._detail)
        self._fatal = False
        self._producer.purge()
        self._producer.poll(0)
        self._producer = self._made()
        self.failed(self._detail)

    def _note(self, error: KafkaError) -> None:
        self._detail = error.str()
        self._fatal = self._fatal or error.fatal()

    def failed(self, why: str) -> None:
        """Take nothing until Kafka answers again."""
        if not self._problem:
            self._problem = why or "it does not acknowledge"
            logger.warning("Kafka (%s) takes nothing: %s", self.name, self._problem)
            self._probing = self._loop.create_task(self._probe_until_well())

    async def _watch(self) -> None:
        # Nothing that is sent would tell that Kafka is away where nothing is sent, and /readyz is to know.
        while True:
            before = self.acknowledged
            await asyncio.sleep(_LOOK_SECONDS)
            if not self.unacknowledged:
                self._serve()
            if self._problem or self.unacknowledged or self.acknowledged > before:
                continue
            if (problem := await self._probe()) and self.acknowledged == before:
                self.failed(problem)

    async def _probe_until_well(self) -> None:
        while problem := await self._probe():
            self._problem = problem
            await asyncio.sleep(_PROBE_SECONDS)
        self._problem = ""
        logger.warning("Kafka (%s) takes events again", self.name)

    async def _probe(self) -> str:
        """What is wrong; empty when the topics have leaders."""
        return await asyncio.to_thread(self._probed)

    def _probed(self) -> str:
        for topic in (self._options.topic, self._options.rejected):
            try:
                found = self._producer.list_topics(topic, timeout=_PROBE_TIMEOUT).topics[topic]
            except KafkaException as error:
                return f"{error.args[0].str()}{f' ({self._detail})' if self._detail else ''}"
            if found.error is not None:
                return f"topic {topic}: {found.error.str()}; create it with `clickstream migrate`"
            if not found.partitions or all(each.leader < 0 for each in found.partitions.values()):
                return f"topic {topic} has no leader"
        return ""
