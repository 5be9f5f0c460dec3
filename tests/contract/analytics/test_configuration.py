"""The two counts that are configuration, while MongoDB answers, does not, and answers again."""

from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest

from analytics.configuration import Configuration
from analytics.services import Services
from analytics.tokens import Tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from tests.contract.analytics.service import Client, running
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.mongo import Mongo
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("stored")]


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[Mongo]:
    with Mongo(tmp_path) as started:
        yield started


def test_the_counts_are_left_out_while_mongodb_does_not_answer(
    clickhouse: ServerProcess, settings: AnalyticsSettings, tokens: dict[str, str], mongo: Mongo
) -> None:
    with pymongo.MongoClient[dict[str, object]](mongo.url) as filler:
        database = filler.get_default_database()
        database["items"].insert_many([{"tenant_id": tenant} for tenant in ("aurora", "aurora", "aurora", "borealis")])
        states = (("aurora", "active"), ("aurora", "paused"), ("borealis", "active"))
        database["scenarios"].insert_many([{"tenant_id": tenant, "status": state} for tenant, state in states])
    clock = SystemClock()
    services = Services(
        settings=settings,
        tokens=Tokens(Path(tokens["file"])),
        warehouse=Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), settings, clock),
        lookup=None,
        clock=clock,
        configuration=Configuration(mongo.url, 2.0),
    )

    def counts() -> tuple[int | None, int | None]:
        overview = client.get("dashboard")["overview"]
        return overview["total_items"], overview["active_scenarios"]

    with running(services) as address, Client(address, tokens["aurora"]) as client:
        assert counts() == (3, 1)
        mongo.stop()
        assert counts() == (None, None)
        mongo.start()
        wait_for(lambda: counts() == (3, 1), 60, "the counts are back")
