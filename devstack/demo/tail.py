"""The ends of the demo's topics, followed.

While Kafka is away nothing happens here; when it is back the reading goes on where it was. librdkafka does not always
see to that: after a restart of its broker a partition may wait for ever for word of its leader's epoch. So where there
is something, yet nothing came for a while, another consumer takes over.
"""

import threading
import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from clickstream.config import KafkaSettings
from devstack.demo.census import Census, Counted

MESSAGES = 2_000
WAIT_SECONDS = 0.2
SILENT_SECONDS = 10.0  # of a partition, until its end is asked for


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
        self._next = {(topic, number): at for topic, of in ends.items() for number, at in of.items()}
        self._consumer = self._assigned()
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

    def _assigned(self) -> Consumer:
        self._heard = dict.fromkeys(self._next, time.monotonic())
        consumer = Consumer(
            {
                "bootstrap.servers": self._kafka.bootstrap,
                "group.id": f"{self._kafka.group_prefix}-demo",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )
        consumer.assign([TopicPartition(*where, at) for where, at in self._next.items()])
        return consumer

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                messages = self._consumer.consume(MESSAGES, WAIT_SECONDS)
                with self._lock:
                    for message in messages:
                        # An error is Kafka being away: whoever looks after the servers says so.
                        if message.error() is None:
                            self._take(message)
                if self._stands_still():
                    self._consumer.close()
                    self._consumer = self._assigned()
        except BaseException as error:
            self._broken = error
        finally:
            self._consumer.close()

    def _stands_still(self) -> bool:
        now = time.monotonic()
        for where in [each for each, at in self._heard.items() if now >= at + SILENT_SECONDS]:
            self._heard[where] = now  # asked about, and not again for as long
            try:
                ends = self._consumer.get_watermark_offsets(TopicPartition(*where), timeout=1.0)
            except KafkaException:
                return False  # Kafka is away
            if ends is not None and ends[1] > self._next[where]:
                return True
        return False

    def _take(self, message: Message) -> None:
        topic, value = message.topic(), message.value()
        number, offset = message.partition(), message.offset()
        assert topic is not None
        assert number is not None
        assert offset is not None
        self._next[topic, number] = offset + 1
        self._heard[topic, number] = time.monotonic()
        if topic == self._kafka.topic_behaviors:
            self._census.take_sent((number, offset), value)
        elif topic == self._kafka.topic_enriched:
            self._census.take_joined(value)
        elif topic == self._kafka.topic_rejected:
            self._census.take_rejected(value)
        else:
            self._census.take_dead(value)
