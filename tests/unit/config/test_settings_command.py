"""`clickstream settings` and the page that is made of it."""

from pathlib import Path

import pytest

from clickstream.config import cli
from clickstream.config.resolve import known_variables
from clickstream.errors import ConfigurationError

PAGE = Path(__file__).parents[3] / "docs" / "CONFIGURATION.md"


@pytest.mark.parametrize("columns", ["40", "80"])
def test_every_name_is_whole_on_a_line_of_its_own_however_narrow_the_terminal(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    cli.settings()
    lines = capsys.readouterr().out.splitlines()
    named = {line.split("=")[0].strip() for line in lines if line.startswith("  CLICKSTREAM_")}
    assert named == known_variables()


def test_a_variable_that_is_none_is_told_below_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLICKSTREAM_KAFKA_BOOTSTRP", "127.0.0.1:9092")
    with pytest.raises(ConfigurationError, match="did you mean CLICKSTREAM_KAFKA_BOOTSTRAP"):
        cli.settings()
    assert "CLICKSTREAM_KAFKA_BOOTSTRAP=" in capsys.readouterr().out


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == cli.document(), (
        "run `clickstream settings --markdown > docs/CONFIGURATION.md`"
    )
