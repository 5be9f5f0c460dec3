import socket

import pytest

from clickstream.errors import UnavailableError
from clickstream.kafka import topic_id


@pytest.mark.net
def test_a_kafka_that_does_not_answer_is_named_with_the_reason() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(UnavailableError, match=rf"Kafka at {address} does not answer.*refused"):
            topic_id(address, "user-behaviors", timeout=1)
