"""The sizes of an experiment's groups are held against the split that the catalogue has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.configuration import Configuration
from analytics.services import Services
from analytics.tokens import Tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from tests.contract.analytics.service import Client, running
from tests.contract.analytics.test_numbers import EVERYTHING
from tests.contract.catalogue.client import Catalogue
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.mongo import Mongo

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("stored")]


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[Mongo]:
    with Mongo(tmp_path) as started:
        yield started


def test_an_uneven_split_is_right_where_it_is_planned(
    clickhouse: ServerProcess, settings: AnalyticsSettings, tokens: dict[str, str], mongo: Mongo
) -> None:
    clock = SystemClock()
    services = Services(
        settings=settings,
        tokens=Tokens(Path(tokens["file"])),
        warehouse=Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), settings, clock),
        lookup=None,
        clock=clock,
        configuration=Configuration(mongo.url, 5.0),
    )
    with (
        running(services) as address,
        Client(address, tokens["all"]) as client,
        Catalogue(address, tokens["all"]) as catalogue,
    ):
        catalogue.http.params = catalogue.http.params.set("tenant_id", "aurora")

        def asked() -> tuple[dict[str, float] | None, bool]:
            (found,) = client.get("experiments", tenant_id="aurora", experiment_id="similar", **EVERYTHING)[
                "experiments"
            ]
            return found["planned"], found["mismatch"]

        def plan(revision: int | None, **shares: float) -> None:
            groups = [{"name": name, "share": share} for name, share in shares.items()]
            catalogue.put("experiments/similar", revision, experiment_id="similar", groups=groups)

        even = {"control": 0.33, "visual": 0.33, "graph": 0.34}
        assert asked() == (None, False)
        plan(None, **even)
        assert asked() == (even, False)
        uneven = {"control": 0.8, "visual": 0.1, "graph": 0.1}
        plan(1, **uneven)
        assert asked() == (uneven, True)
        plan(2, **{"control": 0.5, "other": 0.5})  # not the groups that there are
        assert asked() == (None, False)
        plan(3, **uneven)
        mongo.stop()
        assert asked() == (None, False)
