"""A dashboard on modelled traffic, on ClickHouse, Redis and MongoDB of its own, each of which a test may stop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from analytics.configuration import Configuration
from analytics.pages import BUILT
from analytics.services import Services
from analytics.tokens import Role, Tenant, TokenFile, Tokens, add_token, write_tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, RedisSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.lookup import AsyncLookup
from tests.browser.dashboard.shown import Shown
from tests.contract.analytics.service import running
from tests.contract.analytics.stored import Stored, store, traffic
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.mongo import Mongo
from tests.kit.redis import RedisProcess

TENANTS = ("aurora", "borealis")


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path_factory.mktemp("dashboard-clickhouse"))
    made.start()
    yield made
    if made.process is not None:
        made.end()


@pytest.fixture(scope="session")
def stored(clickhouse: ServerProcess) -> Stored:
    return store(f"{clickhouse.url}/shop", traffic())


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("dashboard-redis")) as started:
        yield started


@pytest.fixture(scope="session")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongo]:
    with Mongo(tmp_path_factory.mktemp("dashboard-mongo")) as started:
        yield started


@pytest.fixture(scope="session")
def address(
    clickhouse: ServerProcess,
    stored: Stored,
    redis: RedisProcess,
    mongo: Mongo,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The page that signs in, with its token."""
    assert (BUILT / "index.html").exists(), "the dashboard is not built: make dashboard"
    file = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    write_tokens(file, TokenFile(tenants={"aurora": Tenant(title="Aurora Möbel", time_zone="UTC")}))
    token = add_token(file, "browser", TENANTS, [Role.READ, Role.ADMIN])
    clock = SystemClock()
    settings = AnalyticsSettings(tokens_file=file, cache_seconds=0, live_seconds=0.3, figures_seconds=0.5)
    services = Services(
        settings=settings,
        tokens=Tokens(file),
        warehouse=Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop", connect_timeout=2), settings, clock),
        lookup=AsyncLookup.connect(redis.url, RedisSettings(timeout=1)),
        clock=clock,
        configuration=Configuration(mongo.url, 1.0),
    )
    with running(services) as started:
        yield f"{started}/sign-in#token={token}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of its own that speaks English; what goes wrong in it unseen fails the test."""
    context = browser.new_context(
        viewport={"width": 1360, "height": 900},
        locale="en-GB",
        accept_downloads=True,
        reduced_motion="reduce",  # or pictures would be taken of charts that are half drawn
    )
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    opened.on("console", lambda said: wrong.append(said.text) if _matters(said.text, said.type) else None)
    yield opened
    context.close()
    assert wrong == []


def _matters(text: str, kind: str) -> bool:
    """Whether a line of the console is about the page; that a server did not answer is shown on it, and looked for."""
    return kind == "error" and "Failed to load resource" not in text and "net::ERR" not in text


@pytest.fixture
def shown(page: Page, address: str, stored: Stored) -> Shown:
    """Signed in, on the overview, about the days of the traffic."""
    page.goto(address)
    page.wait_for_selector("nav a[aria-current=page]")
    assert "token" not in page.url
    return Shown(page, address.partition("/sign-in")[0], stored)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(240))
