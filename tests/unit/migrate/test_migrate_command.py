import io
from pathlib import Path

import pytest
from rich.console import Console

from clickstream.errors import ConfigurationError
from clickstream.migrate.cli import run, table
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


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_shown(state: State) -> None:
    console = Console(file=io.StringIO(), width=200)
    console.print(table([Outcome("Kafka [bold]:9092", "user-behaviors", state, "12 partitions")], dry_run=True))
    shown = console.file.getvalue()  # type: ignore[attr-defined] # it is the StringIO above
    assert f"{state}: 12 partitions" in shown
    assert "nothing was changed" in shown
    assert "Kafka [bold]:9092" in shown
