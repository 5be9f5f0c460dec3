"""What was refused or could not be stored, as the pipeline's page shows it out of Kafka: by tenant and by role."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page

from analytics.dead_letters.ledger import Ledger
from analytics.questions.pipeline import Platform
from analytics.services import Services
from analytics.tokens import Role, Tokens, add_token
from analytics.topics import Topics as AskedTopics
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, KafkaSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.names import DeadLetterReason, RejectReason
from tests.browser.dashboard.shown import Shown
from tests.contract.analytics.service import running
from tests.contract.analytics.stored import Stored
from tests.contract.catalogue.test_dead_letters import at, dead, event, rejected
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.broker import broker
from tests.kit.kafka import Record, Topics

DAY = {"period": "dates", "from": "2026-03-01", "to": "2026-03-01"}
Screenshot = Callable[[Page, str], Path]


@pytest.fixture(scope="module")
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaSettings]:
    """Two topics of events, one of them not made; letters and rejects of two tenants."""
    folder = Path(request.config.option.servers) / "dashboard"
    mark = uuid.uuid4().hex[:8]
    with (
        broker(folder, keep=request.config.option.keep_servers) as started,
        closing(Topics(started.bootstrap)) as topics,
    ):
        named = KafkaSettings(
            bootstrap=started.bootstrap,
            topic_behaviors=f"raw-{mark}",
            topic_enriched=f"none-{mark}",
            topic_rejected=f"rejected-{mark}",
            topic_dead_letters=f"dead-{mark}",
        )
        topics.make({named.topic_behaviors: 2, named.topic_rejected: 1, named.topic_dead_letters: 1})
        topics.send(named.topic_behaviors, [Record(event("aurora", f"e{number}")) for number in range(7)])
        refused, away = DeadLetterReason.REFUSED, DeadLetterReason.UNAVAILABLE
        topics.send(
            named.topic_dead_letters,
            [
                *(Record(dead(event("aurora", f"a{number}"), refused), timestamp=at(number)) for number in range(3)),
                Record(dead(event("aurora", "<b>last</b>", "cart"), away), timestamp=at(60)),
                Record(dead(event("borealis", "b"), refused), timestamp=at(61)),
            ],
        )
        topics.send(
            named.topic_rejected,
            [
                Record(rejected(event("aurora", f"r{number}"), RejectReason.WRONG_TYPE, "position"), timestamp=at(30))
                for number in range(2)
            ],
        )
        yield named


@pytest.fixture(scope="module")
def service(
    kafka: KafkaSettings, clickhouse: ServerProcess, stored: Stored, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    """The service before Kafka; tokens of aurora by role."""
    file = tmp_path_factory.mktemp("letters") / "tokens.yaml"
    tokens = {
        "admin": add_token(file, "admin", ["aurora"], [Role.READ, Role.ADMIN]),
        "reader": add_token(file, "reader", ["aurora"], [Role.READ]),
    }
    settings, clock = AnalyticsSettings(tokens_file=file, cache_seconds=0), SystemClock()
    services = Services(
        settings=settings,
        tokens=Tokens(file),
        warehouse=Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), settings, clock),
        lookup=None,
        clock=clock,
        dead_letters=Ledger(kafka, 1000, 10.0, clock),
        platform=Platform(topics=AskedTopics(kafka.bootstrap), kafka=kafka),
    )
    with running(services) as address:
        yield address, tokens


def signed_in(page: Page, service: tuple[str, dict[str, str]], role: str, stored: Stored) -> Shown:
    address, tokens = service
    page.goto(f"{address}/sign-in#token={tokens[role]}")
    page.wait_for_selector("nav a[aria-current=page]")
    shown = Shown(page, address, stored)
    shown.go("pipeline", **DAY)
    return shown


def test_letters_by_reason_the_newest_one_by_one_and_what_topics_keep(
    page: Page, service: tuple[str, dict[str, str]], kafka: KafkaSettings, stored: Stored, screenshot: Screenshot
) -> None:
    shown = signed_in(page, service, "admin", stored)
    assert shown.rows("reasons") == [
        ["dead letter", "refused", "3"],
        ["rejected", "wrong_type", "2"],
        ["dead letter", "unavailable", "1"],
    ]
    letters = shown.rows("letters")
    assert letters[0][:6] == [str(at(60)), "dead letter", "unavailable", "cart", "<b>last</b>", ""]
    assert "Constraint `c` is violated" in letters[0][6]
    assert [row[4] for row in letters] == ["<b>last</b>", "r0", "r1", "a2", "a1", "a0"]
    assert letters[1][5] == "position"
    assert shown.rows("topics") == [
        [kafka.topic_behaviors, "events as received", "7"],
        [kafka.topic_enriched, "events with dimensions", ""],
        [kafka.topic_rejected, "rejected events", "2"],
        [kafka.topic_dead_letters, "dead letters", "5"],
    ]
    screenshot(page, "letters")


def test_a_reader_sees_what_was_put_aside_and_not_the_platform(
    page: Page, service: tuple[str, dict[str, str]], stored: Stored
) -> None:
    shown = signed_in(page, service, "reader", stored)
    assert len(shown.rows("letters")) == 6
    assert page.locator("[data-panel=jobs], [data-panel=topics]").count() == 0
