from collections.abc import Iterator

import pytest

from tests.kit.join import JoinPipeline
from tests.kit.pipeline import Pipeline


@pytest.fixture
def join(pipeline: Pipeline) -> Iterator[JoinPipeline]:
    """Topics, MySQL database and jobs that no other test sees."""
    made = JoinPipeline(pipeline)
    yield made
    made.close()
