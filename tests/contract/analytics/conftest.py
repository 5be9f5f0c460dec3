from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.services import Services
from analytics.tokens import Role, Tenant, TokenFile, Tokens, add_token, write_tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from tests.contract.analytics.service import Client, running
from tests.contract.analytics.stored import Stored, store, traffic
from tests.contract.clickhouse.clickhouse_process import ServerProcess

TENANTS = ("aurora", "borealis", "cascade")


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path_factory.mktemp("analytics-clickhouse"))
    made.start()
    yield made
    if made.process is not None:
        made.end()


@pytest.fixture(scope="session")
def stored(clickhouse: ServerProcess) -> Stored:
    return store(f"{clickhouse.url}/shop", traffic())


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tokens by what they are for: a tenant's reader, and `all`."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    write_tokens(path, TokenFile(tenants={"borealis": Tenant(title="Borealis", time_zone="Asia/Kolkata")}))
    made = {tenant: add_token(path, tenant, [tenant], [Role.READ]) for tenant in TENANTS}
    made["all"] = add_token(path, "all", TENANTS, list(Role))
    made["admin only"] = add_token(path, "admin only", ["aurora"], [Role.ADMIN])
    return made | {"file": str(path)}


@pytest.fixture(scope="session")
def settings(tokens: dict[str, str]) -> AnalyticsSettings:
    return AnalyticsSettings(tokens_file=Path(tokens["file"]), cache_seconds=0)


@pytest.fixture(scope="session")
def address(clickhouse: ServerProcess, stored: Stored, settings: AnalyticsSettings) -> Iterator[str]:
    clock = SystemClock()
    services = Services(
        settings=settings,
        tokens=Tokens(settings.tokens_file),
        warehouse=Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), settings, clock),
        lookup=None,
        clock=clock,
    )
    with running(services) as started:
        yield started


@pytest.fixture(scope="session")
def client(address: str, tokens: dict[str, str]) -> Iterator[Client]:
    """May ask for every tenant."""
    with Client(address, tokens["all"]) as made:
        yield made
