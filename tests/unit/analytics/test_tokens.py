"""Who may ask."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.tokens import Role, Tokens, add_token
from clickstream.errors import ConfigurationError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_token_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yaml"
    token = add_token(path, "shop", ["aurora"], [Role.READ])
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    grant = Tokens(path).grant(token, NOW)
    assert grant is not None
    assert (grant.name, grant.tenants, set(grant.roles)) == ("shop", ("aurora",), {Role.READ})
    assert Tokens(path).grant(token + "x", NOW) is None
    assert Tokens(path).grant("", NOW) is None


def test_a_token_expires(tmp_path: Path) -> None:
    token = add_token(tmp_path / "t", "shop", ["aurora"], [Role.READ], NOW)
    tokens = Tokens(tmp_path / "t")
    assert tokens.grant(token, NOW - timedelta(seconds=1)) is not None
    assert tokens.grant(token, NOW) is None


def test_changes_of_the_file_count_at_once_and_a_broken_one_changes_nothing_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "t"
    first = add_token(path, "first", ["aurora"], [Role.READ])
    tokens = Tokens(path)
    second = add_token(path, "second", ["aurora"], [Role.ADMIN])
    assert tokens.grant(second, NOW) is not None
    path.write_text("tokens: [")
    os.utime(path, (1, 1))
    assert tokens.grant(first, NOW) is not None
    assert tokens.grant(second, NOW) is not None
    (said,) = caplog.records
    assert said.levelname == "ERROR" and f"{path} is no YAML" in said.getMessage()
    path.write_text("tokens: []")
    assert tokens.grant(first, NOW) is None
    path.unlink()
    assert tokens.grant(first, NOW) is None
    assert "No such file" in caplog.records[-1].getMessage() and len(caplog.records) == 2


@pytest.mark.parametrize(
    "text",
    [
        "tokens: [{name: a, sha256: 00, tenants: [a], roles: [read]}]",
        "tokens: [{name: a, sha256: " + "0" * 64 + ", tenants: [], roles: [read]}]",
        "tokens: [{name: a, sha256: " + "0" * 64 + ", tenants: [a], roles: [king]}]",
        "tenants: {a: {time_zone: Mars/Olympus}}",
        "token: []",
        ": :",
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t").write_text(text)
    with pytest.raises(ConfigurationError):
        Tokens(tmp_path / "t")


def test_a_file_that_is_missing_is_an_error_that_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="clickstream token"):
        Tokens(tmp_path / "none")
