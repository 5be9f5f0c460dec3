"""What the sink's job refuses before it is submitted, without asking any server."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from clickstream.config.sink import OnExhausted
from clickstream.errors import ConfigurationError
from pyflink_jobs.clickhouse_sink import require_budget
from sinks.clickhouse.config import ClickHouseSinkConfig

SINK = ClickHouseSinkConfig.to("http://host", "t")


def environment(checkpoint_seconds: int) -> SimpleNamespace:
    """All that is asked of Flink's environment: how long a checkpoint may take."""
    checkpoints = SimpleNamespace(get_checkpoint_timeout=lambda: checkpoint_seconds * 1000)
    return SimpleNamespace(get_checkpoint_config=lambda: checkpoints)


def test_the_defaults_fit_into_the_checkpoint_timeout_of_flink_conf() -> None:
    require_budget(environment(600), SINK)


def test_a_batch_may_not_be_tried_for_longer_than_a_checkpoint_may_take() -> None:
    # Eight attempts of a minute, and the longest waits between them: 1, 2, 4, 8, 16, 30 and 30 s.
    with pytest.raises(ConfigurationError, match=r"for 571 s, but execution\.checkpointing\.timeout is 571 s") as error:
        require_budget(environment(571), SINK)
    assert "CLICKSTREAM_CLICKHOUSE_INSERT_TIMEOUT" in str(error.value)


def test_a_batch_that_is_held_anyway_has_no_budget() -> None:
    require_budget(environment(1), replace(SINK, on_exhausted=OnExhausted.BLOCK))
