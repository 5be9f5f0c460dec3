"""What all variants share: one topic, and jobs that are submitted on it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from bench.flink_job import FlinkJob, submitted
from bench.topics import Topics
from clickstream.clock import SystemClock
from clickstream.config import KafkaSettings, resolve
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.traffic import generate
from devstack.stack import Stack

PARTITIONS = 4


class Stage:
    """One topic of valid events, all different, of the last hour; and the servers around it."""

    def __init__(self, stack: Stack, topics: Topics, topic: str, parallelism: int, options: Sequence[str]) -> None:
        self.stack = stack
        self.topic = topic
        self.events = 0
        self.bootstrap = resolve(KafkaSettings).bootstrap
        self._topics = topics
        self._parallelism = parallelism
        self._options = options

    def fill(self, events: int) -> None:
        """Make the topic, and put events into it."""
        self.make(self.topic)
        start_ms = int(SystemClock().now() * 1000) - HOUR_MS
        model = TrafficModel(events=events, start_ms=start_ms, duplicates=0, malformed=0, late=0)
        with KafkaWriter(self.bootstrap, self.topic) as writer:
            for chunk in generate(model):
                writer.write(chunk)
        self.events = events

    def make(self, topic: str) -> str:
        """Make a topic; its name."""
        return self._topics.make(topic, PARTITIONS)

    def job(self, file: str, settings: Mapping[str, str]) -> AbstractContextManager[FlinkJob]:
        """Submit a job on the topic; see bench.flink_job.submitted."""
        environment = {"CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS": self.topic, **settings}
        return submitted(file, environment, self._parallelism, self._options)
