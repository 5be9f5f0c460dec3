"""What is asked of the servers before a job is submitted."""

import socket
from collections.abc import Callable, Iterator

import pytest

from clickstream.errors import ContractError
from devstack.clickhouse.faults import FaultProxy, Mode
from sinks.clickhouse import preflight as module
from sinks.clickhouse.preflight import preflight
from tests.contract.clickhouse_sink.batches import config
from tests.contract.clickhouse_sink.engine import Database

pytestmark = pytest.mark.net


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where connections are refused: bound, so that no other program takes it, but nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_servers_that_are_as_they_should_be_are_passed_over_in_silence(databases: list[Database]) -> None:
    assert preflight(config(*(each.url() for each in databases))) == []


def test_a_server_that_is_away_is_told_and_no_error(databases: list[Database], nobody: str) -> None:
    (line,) = preflight(config(databases[0].url(), databases[1].url(nobody)))
    assert line.startswith(f"ClickHouse at {nobody} does not answer (connection failed")
    assert "CODE_0" not in line


def test_a_server_that_hangs_counts_as_away(
    database: Database, make_proxy: Callable[[Database], FaultProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)
    proxy = make_proxy(database)
    proxy.set(Mode.HANG)
    (line,) = preflight(config(database.url(proxy.url)))
    assert "no answer within 0.5 s" in line


def test_a_wrong_password_is_an_error_even_while_another_server_is_away(databases: list[Database], nobody: str) -> None:
    wrong = databases[0].url(password="guessed")
    with pytest.raises(ContractError, match="refuses user 'default'.*correct CLICKSTREAM_CLICKHOUSE_URLS") as failure:
        preflight(config(databases[1].url(nobody), wrong))
    assert "guessed" not in str(failure.value)


def test_a_missing_table_or_database_is_an_error(database: Database) -> None:
    with pytest.raises(ContractError, match=r"has no table test_\d+\.nowhere: run `clickstream migrate`"):
        preflight(config(database.url(), table="nowhere"))
    with pytest.raises(ContractError, match="has no database nowhere: run `clickstream migrate`"):
        preflight(config(database.url().replace(database.name, "nowhere")))
