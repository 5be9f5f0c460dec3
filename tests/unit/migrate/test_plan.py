from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.errors import MigrationError
from clickstream.migrate.files import Migration
from clickstream.migrate.plan import Applied, pending

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def file(version: int | None, name: str, checksum: str = "a" * 64) -> Migration:
    return Migration(version, name, Path(f"/ddl/{name}.sql"), (), checksum)


def applied(*migrations: Migration) -> dict[str, Applied]:
    return {found.name: Applied(found.name, found.version, found.checksum, WHEN) for found in migrations}


FIRST, SECOND, VIEW = file(1, "001_a"), file(2, "002_b"), file(None, "v")


def test_a_new_server_needs_everything_in_order() -> None:
    assert pending([FIRST, SECOND, VIEW], {}, "node") == [FIRST, SECOND, VIEW]


def test_a_server_that_has_everything_needs_nothing() -> None:
    assert pending([FIRST, SECOND, VIEW], applied(FIRST, SECOND, VIEW), "node") == []


def test_a_new_number_brings_the_repeatable_files_along() -> None:
    assert pending([FIRST, SECOND, VIEW], applied(FIRST, VIEW), "node") == [SECOND, VIEW]


def test_a_repeatable_file_that_changed_is_applied_again() -> None:
    changed = file(None, "v", "b" * 64)
    assert pending([FIRST, changed], applied(FIRST, VIEW), "node") == [changed]


def test_a_numbered_file_that_changed_is_refused_with_what_to_do() -> None:
    with pytest.raises(MigrationError) as caught:
        pending([file(1, "001_a", "b" * 64)], applied(FIRST), "http://node:8123")
    text = str(caught.value)
    assert "/ddl/001_a.sql was changed after it was applied on http://node:8123 at 2026-01-02 03:04:05 UTC" in text
    assert "put the file back" in text
    assert "next number" in text


def test_a_number_that_was_passed_by_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"001_a\.sql is not applied on node, but number 002 is"):
        pending([FIRST, SECOND], applied(SECOND), "node")


def test_a_renamed_file_is_refused() -> None:
    with pytest.raises(MigrationError, match="a file keeps its name"):
        pending([file(1, "001_other")], applied(FIRST), "node")


def test_an_older_release_leaves_newer_numbers_alone() -> None:
    assert pending([FIRST, VIEW], applied(FIRST, SECOND, VIEW), "node") == []
