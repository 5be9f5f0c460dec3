import io
from pathlib import Path

import pytest
from rich.console import Console

from clickstream.errors import ConfigurationError
from clickstream.migrate.cli import run, shown
from clickstream.migrate.outcome import Outcome, State, silent


@pytest.fixture(autouse=True)
def _no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("CLICKHOUSE_URLS", "MYSQL_URL", "KAFKA_BOOTSTRAP", "DDL_DIR"):
        monkeypatch.delenv(f"CLICKSTREAM_{service}", raising=False)


@pytest.mark.parametrize(
    ("only", "says"),
    [
        ("oracle", "--only names 'oracle': there are clickhouse, mysql, kafka"),
        ("kafka,", "--only names ''"),
        ("clickhouse", "CLICKSTREAM_CLICKHOUSE_URLS is not set"),
        ("kafka", "CLICKSTREAM_KAFKA_BOOTSTRAP is not set"),
        ("mysql", "CLICKSTREAM_MYSQL_URL is not set"),
        ("", "CLICKSTREAM_CLICKHOUSE_URLS is not set"),
    ],
)
def test_a_setting_that_is_missing_is_named_before_anything_is_done(only: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        run(only, dry_run=False, report=silent)


def test_a_ddl_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLICKSTREAM_DDL_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match=r"nowhere.*CLICKSTREAM_DDL_DIR"):
        run("", dry_run=False, report=silent)


def printed(outcomes: list[Outcome], width: int, *, dry_run: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(shown(outcomes, dry_run=dry_run))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return] # it is the StringIO above


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_shown(state: State) -> None:
    text = printed([Outcome("Kafka [bold]:9092", "user-behaviors", state, "12 partitions")], 200, dry_run=True)
    assert f"{state}: 12 partitions" in text
    assert "nothing was changed" in text
    assert "Kafka [bold]:9092" in text


def test_names_and_addresses_are_whole_on_80_columns() -> None:
    servers = ("ClickHouse http://127.0.0.1:24123", "MySQL 127.0.0.1:23306/clickstream", "Kafka 127.0.0.1:29092")
    names = ("001_user_behaviors.sql", "user-behaviors-dead-letters")
    long = "more partitions move users to others, so the order of their events holds only if nothing is in flight"
    told = [Outcome(server, name, State.WARNING, long) for server in servers for name in names]
    text = printed(told, 80)
    for whole in (*servers, *(f"{name} " for name in names)):
        assert whole in text
    assert text.count(servers[0]) == 1
    assert all(len(line) <= 80 for line in text.splitlines())
