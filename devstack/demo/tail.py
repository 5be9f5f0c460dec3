"""The ends of the demo's topics, followed.

While Kafka is away nothing happens here; when it is back the reading goes on where it was.
"""

import threading
from collections.abc import Mapping

from confluent_kafka import Consumer, Message, TopicPartition

from clickstream.config import KafkaSettings
from devstack.demo.census import Census, Counted

MESSAGES = 2_000
WAIT_SECONDS = 0.2


class Tail:
    """Follows the topics in a thread of its own. Call close.

    Args:
        kafka: address, and the topics' names.
        epoch: of the ODS topic.
        ends: by topic and partition, where the demo begins: ODS, DWD, rejects and dead letters.
        visits: what the event ids of the demo's own visitors begin with.
    """

    def __init__(self, kafka: KafkaSettings, epoch: int, ends: Mapping[str, Mapping[int, int]], visits: str) -> None:
        self._kafka = kafka
        self._census = Census(epoch, ends[kafka.topic_behaviors], visits)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._broken: BaseException | None = None
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "group.id": f"{kafka.group_prefix}-demo",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [TopicPartition(topic, number, at) for topic, of in ends.items() for number, at in of.items()]
        )
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read no more, and disconnect."""
        self._closing.set()
        self._thread.join()

    def counted(self) -> Counted:
        """What has been seen so far.

        Raises:
            ContractError: a topic holds what this platform does not write.
        """
        if self._broken is not None:
            raise self._broken
        with self._lock:
            return self._census.counted()

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                messages = self._consumer.consume(MESSAGES, WAIT_SECONDS)
                with self._lock:
                    for message in messages:
                        # An error is Kafka being away: whoever looks after the servers says so.
                        if message.error() is None:
                            self._take(message)
        except BaseException as error:
            self._broken = error
        finally:
            self._consumer.close()

    def _take(self, message: Message) -> None:
        topic, value = message.topic(), message.value()
        if topic == self._kafka.topic_behaviors:
            number, offset = message.partition(), message.offset()
            assert number is not None
            assert offset is not None
            self._census.take_sent((number, offset), value)
        elif topic == self._kafka.topic_enriched:
            self._census.take_joined(value)
        elif topic == self._kafka.topic_rejected:
            self._census.take_rejected(value)
        else:
            self._census.take_dead(value)
