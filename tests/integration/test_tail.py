"""The demo follows its topics on a real broker, also where the client library has left a partition behind."""

import secrets

import pytest
from confluent_kafka import Consumer, Message

from clickstream.config import KafkaSettings
from devstack.demo import tail
from devstack.demo.tail import Tail
from tests.kit.events import event
from tests.kit.kafka import Topics
from tests.kit.servers import Servers
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack

VISITS = "visit-"


class Stalling(Consumer):
    """Stands still after the first messages that it hands out: no message any more, and no error."""

    made = 0

    def __init__(self, settings: dict[str, object]) -> None:
        super().__init__(settings)
        type(self).made += 1
        self._stalled = False

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message]:
        """As many as there are; later ones are swallowed."""
        messages = super().consume(num_messages, timeout)
        if self._stalled:
            return []
        self._stalled = bool(messages)
        return messages


def test_a_partition_that_has_fallen_silent_is_read_on(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SILENT_SECONDS", 1.0)
    monkeypatch.setattr(tail, "Consumer", Stalling)
    name = f"tail-{secrets.token_hex(4)}"
    kafka = KafkaSettings(
        bootstrap=servers.bootstrap,
        topic_behaviors=f"{name}-behaviors",
        topic_enriched=f"{name}-enriched",
        topic_rejected=f"{name}-rejected",
        topic_dead_letters=f"{name}-dead",
    )
    followed = (kafka.topic_behaviors, kafka.topic_enriched, kafka.topic_rejected, kafka.topic_dead_letters)
    topics = Topics(servers.bootstrap)
    topics.make(dict.fromkeys(followed, 2))
    following = Tail(kafka, 1, {topic: {0: 0, 1: 0} for topic in followed}, VISITS)
    try:
        for sent in range(20, 80, 20):
            topics.send(kafka.topic_behaviors, [event(number) for number in range(sent - 20, sent)])
            wait_for(lambda sent=sent: following.counted().sent == sent, 60, lambda: f"{following.counted()}")  # type: ignore[misc]
        assert Stalling.made >= 3
    finally:
        following.close()
        topics.delete(*followed)
        topics.close()
