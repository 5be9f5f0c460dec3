"""MySQL stopped, frozen, or refusing a column: events go on in time, say what they lack, and are joined again later."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clickstream.dimensions.declaration import SHIPPED
from tests.kit.alarms import AlarmReceiver
from tests.kit.events import event
from tests.kit.flink import Job
from tests.kit.join import JoinPipeline, parsed
from tests.kit.pipeline import Pipeline
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

TIMEOUT = 1.0
# Between the broker's time of an event and that of the joined one, beyond what it may wait for MySQL: batching, two
# Python stages and a busy machine.
OVERHEAD = 8.0


class Shop:
    """Sends events one at a time, and waits for each of them on the other side."""

    def __init__(self, join: JoinPipeline, job: Job) -> None:
        self.join = join
        self.job = job
        self.sent = 0

    def click(self, item: int) -> dict[str, Any]:
        """An event about an item, joined."""
        number, self.sent = self.sent, self.sent + 1
        record = event(number, tenant_id="aurora", scenario_id="home", item_id=f"p-{item:07d}", user_id="u")
        (place,) = self.join.topics.send(self.join.pipeline.behaviors, [record])
        began = _now()
        wait_for(
            lambda: self.join.topics.size(self.join.pipeline.enriched) > number,
            60,
            lambda: f"event {number} comes out; {self.job.exceptions()[-2000:]}",
            pause=0.02,
        )
        assert _now() - began < TIMEOUT + OVERHEAD
        (body,) = parsed(self.join.enriched())[place]
        return body

    def is_joined(self, item: int) -> bool:
        """Whether an event about the item gets everything now."""
        return "dim_missing" not in self.click(item)


def _now() -> float:
    return os.times().elapsed


@pytest.fixture
def join(pipeline: Pipeline) -> Iterator[JoinPipeline]:
    made = JoinPipeline(pipeline)
    yield made
    made.close()


def test_whatever_mysql_does_events_go_on_and_what_is_remembered_serves(join: JoinPipeline, tmp_path: Path) -> None:
    short = tmp_path / "dimensions.yaml"
    short.write_text(re.sub(r"ttl_seconds: \d+", "ttl_seconds: 1", SHIPPED.read_text()))
    with AlarmReceiver() as alarms:
        settings = {
            "DIMENSIONS_FILE": str(short),
            "DIMENSIONS_TIMEOUT": str(TIMEOUT),
            "DIMENSIONS_QUERY_TIMEOUT": "2",
            "DEAD_LETTER_ALARM_URLS": alarms.url,
            "DEAD_LETTER_ALARM_INTERVAL": "0",
        }
        job = join.submit(settings)
        job.wait_running()
        shop = Shop(join, job)
        before = shop.click(1)
        assert before["product_name"] == "Aurora Möbel item 1"
        assert "dim_missing" not in before

        join.stack.stop("mysql")
        stale = shop.click(1)
        assert (stale["product_name"], "dim_missing" in stale) == ("Aurora Möbel item 1", False)
        unknown = shop.click(2)
        assert unknown["dim_missing"] == ["product", "category"]
        assert unknown["scenario_name"] == "Aurora Möbel – Home"
        wait_for(lambda: alarms.received, 30, "an alarm")
        assert "Dimension" in alarms.received[0].title
        join.stack.start("mysql")
        wait_for(lambda: shop.is_joined(2), 60, "the item is joined once MySQL is back", pause=0.5)

        (server,) = join.stack.pids("mysql")
        os.kill(server, signal.SIGSTOP)
        try:
            assert shop.click(3)["dim_missing"] == ["product", "category"]
            assert "dim_missing" not in shop.click(1)
        finally:
            os.kill(server, signal.SIGCONT)
        wait_for(lambda: shop.is_joined(3), 60, "the item is joined once MySQL goes on", pause=0.5)

        join.sql("ALTER TABLE dim_product RENAME COLUMN product_brand TO brand")
        refused = shop.click(4)
        assert refused["dim_missing"] == ["product", "category"]
        assert refused["scenario_name"] == "Aurora Möbel – Home"
        wait_for(
            lambda: any("product_brand" in alarm.message for alarm in alarms.received), 30, "an alarm names the column"
        )
        join.sql("ALTER TABLE dim_product RENAME COLUMN brand TO product_brand")
        wait_for(lambda: shop.is_joined(4), 60, "the item is joined once the column is back", pause=0.5)

        join.wait_metric(job, "dimension_queries_failed", 3)
        join.wait_metric(job, "dimension_keys_stale", 1)
        assert join.metric(job, "batches_given_up") == 0
        assert job.exceptions() == ""
