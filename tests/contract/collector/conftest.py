"""A broker, topics, and a collector in front of them."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.kit.broker import Broker, broker
from tests.kit.collector import CollectorProcess, collection
from tests.kit.kafka import Record, Topics


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with broker(Path(request.config.option.servers), keep=request.config.option.keep_servers) as started:
        yield started


@dataclass(frozen=True)
class Collected:
    """A collector and its topics."""

    collector: CollectorProcess
    topics: Topics
    behaviors: str
    rejected: str

    def events(self) -> list[dict[str, Any]]:
        """Everything in the topic of events."""
        return [msgspec.json.decode(record.value or b"") for record in self.records()]

    def records(self) -> list[Record]:
        """The same as records."""
        return self.topics.read(self.behaviors)

    def refused(self) -> list[dict[str, Any]]:
        """Everything in the topic of rejected events."""
        return [msgspec.json.decode(record.value or b"") for record in self.topics.read(self.rejected)]


@contextmanager
def collecting(kafka: Broker, folder: Path) -> Iterator[Collected]:
    """A collector on topics of its own."""
    topics = Topics(kafka.bootstrap)
    name = f"c{secrets.token_hex(4)}"
    behaviors, rejected = f"{name}-behaviors", f"{name}-rejected"
    topics.make({behaviors: 3, rejected: 1})
    settings = {
        "KAFKA_BOOTSTRAP": kafka.bootstrap,
        "KAFKA_TOPIC_BEHAVIORS": behaviors,
        "KAFKA_TOPIC_REJECTED": rejected,
        "COLLECTOR_BODY_SECONDS": "2",
    }
    try:
        with CollectorProcess(folder, collection(), settings) as process:
            yield Collected(process, topics, behaviors, rejected)
    finally:
        topics.close()


@pytest.fixture(scope="session")
def collected(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    """One that tests share, each of which looks at what its own users sent."""
    with collecting(kafka, tmp_path_factory.mktemp("collector")) as running:
        yield running


def click(user: str = "u1", **fields: Any) -> dict[str, Any]:
    """A valid event of now."""
    return {
        "event_id": secrets.token_hex(8),
        "user_id": user,
        "item_id": "i1",
        "action_type": "click",
        "timestamp": int(time.time() * 1000),
        **fields,
    }
