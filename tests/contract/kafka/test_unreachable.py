"""A Kafka that is not there is told of in the same words, whoever asks."""

import re
import socket
from collections.abc import Callable, Iterator

import pytest

from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError
from clickstream.generator import kafka_writer
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.kafka import topic_id
from clickstream.reconcile import topic as topics
from clickstream.reconcile.topic import Topic

pytestmark = pytest.mark.net

SAID = (
    r"Kafka at {} does not answer \((connection refused|no connection|no answer in time|the name \S+ is not known)\): "
    r"is it running, and is CLICKSTREAM_KAFKA_BOOTSTRAP its address\? `clickstream status` shows the devstack's servers"
)


@pytest.fixture
def closed() -> Iterator[str]:
    """Bound and not listening: connections are refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def ask(address: str) -> None:
    topic_id(address, "user-behaviors", timeout=1)


def write(address: str) -> None:
    with KafkaWriter(address, "user-behaviors"):
        raise AssertionError("it is connected")


def look(address: str) -> None:
    topic = Topic(address, "user-behaviors")
    try:
        topic.ends()
    finally:
        topic.close()


@pytest.mark.parametrize("use", [ask, write, look])
def test_a_kafka_that_does_not_answer_is_named_with_the_reason(
    closed: str, monkeypatch: pytest.MonkeyPatch, use: Callable[[str], None]
) -> None:
    monkeypatch.setattr(kafka_writer, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(topics, "TIMEOUT", 0.5)
    with pytest.raises(UnavailableError) as failure:
        use(closed)
    assert re.fullmatch(SAID.format(closed), str(failure.value))
    assert failure.value.error_code == ErrorCode.KAFKA_AWAY


def test_whoever_listens_to_the_client_knows_why(closed: str) -> None:
    with pytest.raises(UnavailableError, match=r"\(connection refused\)"):
        ask(closed)
    with pytest.raises(UnavailableError, match=r"\(the name nowhere\.invalid:9092 is not known\)"):
        ask("nowhere.invalid:9092")
