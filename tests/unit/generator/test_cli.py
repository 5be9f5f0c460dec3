import json
from pathlib import Path

import pytest
import typer
from msgspec import structs
from typer.testing import CliRunner, Result

from clickstream.errors import ConfigurationError
from clickstream.generator.answers import Answers
from clickstream.generator.cli import register
from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import generate

from .conftest import collect


def run(*options: str, **environment: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    empty = {"CLICKSTREAM_KAFKA_BOOTSTRAP": "", "CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS": "user-behaviors"}
    return CliRunner().invoke(app, ["generate", *options], env=empty | environment)


def test_a_file_and_its_answers(tmp_path: Path) -> None:
    out, answers = tmp_path / "events.jsonl", tmp_path / "answers.json"
    result = run(
        "--events", "2000", "--start", "2026-03-01", "--seed", "5", "--out", str(out), "--answers", str(answers)
    )
    assert result.exit_code == 0, result.output
    found = Answers.load(answers)
    assert found.sent == 2000
    assert found.options["seed"] == 5
    assert found.options["start_ms"] == 1_772_323_200_000
    model = TrafficModel(events=2000, seed=5, start_ms=1_772_323_200_000)
    sample = collect(model, generate(model))
    assert found == structs.replace(sample.answers, options=found.options)
    assert out.read_bytes() == b"".join(value.replace(b"\n", b" ") + b"\n" for value in sample.values)


def test_stdout_holds_records_alone_and_stderr_the_summary() -> None:
    result = run("--events", "50", "--malformed", "0", "--out", "-")
    assert result.exit_code == 0, result.output
    lines = result.stdout_bytes.splitlines()
    assert len(lines) == 50
    assert all("event_id" in json.loads(line) for line in lines)
    assert "50 records" in result.stderr


def test_without_a_number_users_decide() -> None:
    result = run("--span", "30m", "--users", "100", "--tenants", "2", "--out", "-")
    assert len(result.stdout_bytes.splitlines()) == pytest.approx(2200, abs=5)


def test_live_ends_by_itself_with_answers(tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    result = run(
        "--live", "--seconds", "0.4", "--rate", "2500", "--out", str(tmp_path / "out"), "--answers", str(answers)
    )
    assert result.exit_code == 0, result.output
    found = Answers.load(answers)
    assert 0 < found.sent <= 1010
    assert (tmp_path / "out").read_bytes().count(b"\n") == found.sent


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--events", "10"], "CLICKSTREAM_KAFKA_BOOTSTRAP"),
        (["--start", "yesterday", "--out", "-"], "yesterday"),
        (["--span", "soon", "--out", "-"], "soon"),
        (["--rate", "0", "--out", "-"], "--rate"),
        (["--seconds", "3", "--out", "-"], "--live"),
        (["--live", "--events", "3", "--out", "-"], "endless"),
        (["--tenants", "100", "--out", "-"], "tenants"),
        (["--events", "10", "--out", "/nowhere/events"], "/nowhere/events"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_mistakes_are_named(options: list[str], message: str) -> None:
    result = run(*options)
    assert isinstance(result.exception, ConfigurationError)
    assert message in str(result.exception)


def test_answers_that_could_not_be_written_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    result = run("--events", "50", "--out", str(out), "--answers", str(tmp_path / "nowhere" / "answers.json"))
    assert isinstance(result.exception, ConfigurationError)
    assert "there is no folder" in str(result.exception)
    assert not out.exists()
