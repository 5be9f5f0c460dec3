from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.configuration import Configuration
from analytics.services import Services
from analytics.tokens import Role, Tokens, add_token
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from tests.contract.analytics.service import running
from tests.contract.catalogue.client import Catalogue
from tests.kit.mongo import Mongo
from tests.kit.ports import free_port

PATIENCE = 2.0


@pytest.fixture(scope="package")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongo]:
    with Mongo(tmp_path_factory.mktemp("catalogue-mongo")) as started:
        yield started


@pytest.fixture(scope="package")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tokens by whom they are for."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    return {
        "aurora": add_token(path, "aurora", ["aurora"], [Role.READ, Role.ADMIN]),
        "borealis": add_token(path, "borealis", ["borealis"], [Role.READ, Role.ADMIN]),
        "both": add_token(path, "both", ["aurora", "borealis"], list(Role)),
        "reader": add_token(path, "reader", ["aurora"], [Role.READ]),
        "admin only": add_token(path, "admin only", ["aurora"], [Role.ADMIN]),
        "file": str(path),
    }


@pytest.fixture(scope="package")
def grpc_port() -> int:
    return free_port()


@pytest.fixture(scope="package")
def address(mongo: Mongo, tokens: dict[str, str], grpc_port: int) -> Iterator[str]:
    """The service: no ClickHouse and no Redis, which the catalogue does not need."""
    settings = AnalyticsSettings(tokens_file=Path(tokens["file"]), grpc_port=grpc_port)
    clock = SystemClock()
    services = Services(
        settings=settings,
        tokens=Tokens(settings.tokens_file),
        warehouse=Warehouse(ClickHouseSettings(urls="http://127.0.0.1:1/none"), settings, clock),
        lookup=None,
        clock=clock,
        configuration=Configuration(mongo.url, PATIENCE),
    )
    with running(services) as started:
        yield started


@pytest.fixture
def aurora(address: str, tokens: dict[str, str]) -> Iterator[Catalogue]:
    with Catalogue(address, tokens["aurora"]) as made:
        yield made


@pytest.fixture
def borealis(address: str, tokens: dict[str, str]) -> Iterator[Catalogue]:
    with Catalogue(address, tokens["borealis"]) as made:
        yield made
