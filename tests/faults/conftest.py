"""What several fault tests use: traffic that is costly to make, and a Redis."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clickstream.generator.answers import Answers
from tests.kit.kafka import Topics
from tests.kit.pipeline import MakePipeline, Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.servers import Servers
from tests.kit.traffic import model, send_traffic


@dataclass(frozen=True)
class Sent:
    """A topic, and what a consumer must find in it."""

    topic: str
    answers: Answers


@pytest.fixture
def make_pipeline(make_pipeline: MakePipeline) -> MakePipeline:
    """Pipelines without marts: what reaches a view through a fault is counted in a view of the test's own."""

    def make(behaviors: str | None = None) -> Pipeline:
        made = make_pipeline(behaviors)
        made.drop_marts()
        return made

    return make


@pytest.fixture(scope="session")
def million(servers: Servers) -> Iterator[Sent]:
    """A million records in four partitions, for tests that only read them: each has its own database and job."""
    topics = Topics(servers.bootstrap)
    name = f"million-{secrets.token_hex(4)}"
    topics.make({name: 4})
    yield Sent(name, send_traffic(servers.bootstrap, name, model(1_000_000)))
    topics.close()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """One that no other test sees."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisProcess(folder) as running:
        yield running
