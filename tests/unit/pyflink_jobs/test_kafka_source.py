"""What the jobs tell Kafka's table connector when they read a topic."""

import pytest

from clickstream.config import KafkaSettings
from pyflink_jobs._runtime import source_options

KAFKA = KafkaSettings(bootstrap="host:9092", group_prefix="it's")


@pytest.mark.parametrize("topic", [KAFKA.topic_behaviors, KAFKA.topic_enriched])
def test_only_committed_records_are_read_from_their_beginning(topic: str) -> None:
    options = source_options(KAFKA, topic, "Job")
    assert options["properties.isolation.level"] == "read_committed", "Java's default shows what a transaction undoes"
    assert options["scan.startup.mode"] == "earliest-offset"
    assert (options["topic"], options["properties.bootstrap.servers"]) == (topic, "host:9092")
    assert options["properties.group.id"] == "it's-Job"
