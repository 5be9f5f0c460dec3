"""Until when Kafka keeps what an erasure cannot reach: by the settings that its topics have now."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from analytics.erasure.elsewhere import in_kafka
from analytics.topics import Topics as AskedTopics
from clickstream.config import KafkaSettings
from clickstream.errors import UnavailableError
from tests.kit.broker import broker
from tests.kit.kafka import Record, Topics

pytestmark = pytest.mark.stack

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def topics(request: pytest.FixtureRequest) -> Iterator[Topics]:
    """Of a broker alone: no other server is needed."""
    folder = Path(request.config.option.servers) / "erasure"
    with broker(folder, keep=request.config.option.keep_servers) as started:
        made = Topics(started.bootstrap)
        yield made
        made.close()


def test_each_topic_says_when_it_is_over(topics: Topics) -> None:
    mark = f"erasure-{uuid.uuid4().hex[:8]}"
    topics.make({f"{mark}-raw": 1}, {"retention.ms": "3600000"})
    topics.make({f"{mark}-enriched": 1})  # kept for ever
    kafka = KafkaSettings(
        bootstrap=topics.bootstrap,
        topic_behaviors=f"{mark}-raw",
        topic_enriched=f"{mark}-enriched",
        topic_rejected=f"{mark}-absent",
    )
    found = {each.where.removeprefix("Kafka topic "): each.until for each in in_kafka(kafka, NOW)}
    assert found[f"{mark}-raw"] == NOW + timedelta(hours=1)
    assert found[f"{mark}-enriched"] is None and found[f"{mark}-absent"] is None
    assert len(found) == 4


def test_what_a_group_has_not_committed_is_counted(topics: Topics) -> None:
    """As the pipeline's page shows it of a job."""
    topic, group = (f"behind-{uuid.uuid4().hex[:8]}" for _ in range(2))
    topics.make({topic: 3})
    topics.send(topic, [Record(b"x", partition=at % 2) for at in range(10)])
    with closing(Consumer({"bootstrap.servers": topics.bootstrap, "group.id": group, "log_level": 0})) as consumer:
        consumer.commit(offsets=[TopicPartition(topic, at, at * 3) for at in range(2)], asynchronous=False)
    asked = AskedTopics(topics.bootstrap)
    assert asyncio.run(asked.uncommitted([group, "nobody"])) == {group: 5 + 2, "nobody": None}
    topics.send(topic, [Record(b"x", partition=1), *([Record(b"x", partition=2)] * 4)])
    assert asyncio.run(asked.uncommitted([group])) == {group: 5 + 3 + 4}, "it has not read the third at all"
    with pytest.raises(UnavailableError, match="CLICKSTREAM_KAFKA_BOOTSTRAP"):
        asyncio.run(AskedTopics("127.0.0.1:1").uncommitted([group]))


def test_where_kafka_is_silent_every_topic_is_named_all_the_same() -> None:
    found = in_kafka(KafkaSettings(bootstrap="127.0.0.1:1"), NOW)
    assert [each.until for each in found] == [None] * 4
    assert found[0].where == "Kafka topic user-behaviors"
