"""A user who is erased has no profile any more; the users of other tenants keep theirs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.configuration import Configuration
from analytics.erasure.erasure import Erasure
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.migrate import ddl_directory, migrate_clickhouse
from tests.contract.catalogue.client import Catalogue
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.mongo import Mongo

pytestmark = pytest.mark.stack

USER = "o'neil/%\\ö"


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouseSettings]:
    """Tables without rows: what is erased there is another test's concern."""
    made = ServerProcess(tmp_path)
    made.start()
    settings = ClickHouseSettings(urls=f"{made.url}/shop")
    migrate_clickhouse(settings, ddl_directory(None))
    yield settings
    made.end()


async def test_the_profile_goes_with_the_rest(
    aurora: Catalogue, borealis: Catalogue, mongo: Mongo, clickhouse: ClickHouseSettings
) -> None:
    for tenant in (aurora, borealis):
        tenant.make("user_profiles", user_id=USER, segments=["new"])
        tenant.make("user_profiles", user_id=f"{USER}2")
    clock = SystemClock()
    configuration = Configuration(mongo.url, 5.0)
    erasure = Erasure(clickhouse, clock)
    try:
        catalogue = configuration.catalogue(clock)
        assert (await erasure.erase("aurora", USER, "test", catalogue)).profiles == 1
        assert (await erasure.erase("aurora", USER, "test", catalogue)).profiles == 0
        assert (await erasure.erase("aurora", USER, "test")).profiles is None
    finally:
        await configuration.close()
    kept = [[each["user_id"] for each in tenant.get("user_profiles")["documents"]] for tenant in (aurora, borealis)]
    assert USER not in kept[0]
    assert f"{USER}2" in kept[0]
    assert USER in kept[1]
