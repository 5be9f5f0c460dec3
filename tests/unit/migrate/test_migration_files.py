from pathlib import Path

import pytest

from clickstream.errors import ConfigurationError, MigrationError
from clickstream.migrate.files import checksum, ddl_directory, read_migrations


def write(folder: Path, *files: str, text: str = "SELECT 1") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        (folder / name).write_text(text)


def test_numbered_files_come_in_order_and_repeatable_ones_last(tmp_path: Path) -> None:
    write(tmp_path, "002_b.sql", "001_z.sql", "notes.txt")
    write(tmp_path / "repeatable", "b.sql", "a.sql")
    found = read_migrations(tmp_path)
    assert [migration.name for migration in found] == ["001_z", "002_b", "a", "b"]
    assert [migration.version for migration in found] == [1, 2, None, None]
    assert found[0].checksum == checksum("SELECT 1")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (["001_a.sql", "003_c.sql"], r"003_c\.sql: the next number is 002"),
        (["001_a.sql", "001_b.sql"], r"001_b\.sql: the next number is 002"),
        (["000_a.sql"], r"the next number is 001"),
        (["1_a.sql"], r"1_a\.sql: a migration is called NNN_"),
        (["001-a.sql"], r"001-a\.sql: a migration is called NNN_"),
    ],
)
def test_numbers_have_no_gaps_and_no_doubles(tmp_path: Path, files: list[str], says: str) -> None:
    write(tmp_path, *files)
    with pytest.raises(MigrationError, match=says):
        read_migrations(tmp_path)


def test_a_file_that_cannot_be_split_is_named(tmp_path: Path) -> None:
    write(tmp_path, "001_a.sql", text="SELECT 'x")
    with pytest.raises(MigrationError, match=r"001_a\.sql, line 1"):
        read_migrations(tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_bytes(b"\xff")
    with pytest.raises(MigrationError, match=r"001_a\.sql cannot be read"):
        read_migrations(tmp_path)


def test_a_missing_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    for search in (ddl_directory, read_migrations):
        with pytest.raises(ConfigurationError, match="CLICKSTREAM_DDL_DIR"):
            search(tmp_path / "nowhere")


def test_without_a_setting_the_folder_of_the_checkout_is_found() -> None:
    assert (ddl_directory(None) / "kafka" / "topics.yaml").is_file()


def test_a_setting_comes_first(tmp_path: Path) -> None:
    assert ddl_directory(tmp_path) == tmp_path
