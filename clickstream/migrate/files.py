"""The files of ddl/: numbered ones are applied once, in order; repeatable ones again whenever they changed."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from clickstream.errors import ConfigurationError, MigrationError
from clickstream.migrate.statements import Statement, split

REPEATABLE = "repeatable"
_NUMBERED = re.compile(r"(?P<version>\d{3})_[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file.

    Attributes:
        version: its number; None for a repeatable file.
        name: the file's name without ending, such as `001_user_behaviors`.
        path: the file.
        statements: in order.
        checksum: SHA-256 of what is applied, in hexadecimal digits.
    """

    version: int | None
    name: str
    path: Path
    statements: tuple[Statement, ...]
    checksum: str


def ddl_directory(configured: Path | None) -> Path:
    """Where ddl/ is: as configured, else beside the package in a checkout.

    Raises:
        ConfigurationError: there is no such folder.
    """
    directory = configured or Path(__file__).resolve().parents[2] / "ddl"
    if not directory.is_dir():
        raise ConfigurationError(f"there is no folder {directory}: set CLICKSTREAM_DDL_DIR to the project's ddl folder")
    return directory


def read_migrations(directory: Path) -> list[Migration]:
    """The numbered files of a folder in order, then those of its folder `repeatable`, by name.

    Raises:
        ConfigurationError: there is no such folder.
        MigrationError: a name has no number, a number is there twice or left out, or a file cannot be read or split.
    """
    if not directory.is_dir():
        raise ConfigurationError(
            f"there is no folder {directory}: CLICKSTREAM_DDL_DIR must name the project's ddl folder"
        )
    numbered = [_read(path, _version(path)) for path in sorted(directory.glob("*.sql"))]
    for expected, migration in enumerate(numbered, start=1):
        if migration.version != expected:
            raise MigrationError(
                f"{migration.path}: the next number is {expected:03d}; files are numbered without gaps"
            )
    return numbered + [_read(path, None) for path in sorted((directory / REPEATABLE).glob("*.sql"))]


def checksum(text: str) -> str:
    """SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _version(path: Path) -> int:
    match = _NUMBERED.fullmatch(path.stem)
    if match is None:
        raise MigrationError(f"{path}: a migration is called NNN_what_it_is_about.sql")
    return int(match["version"])


def _read(path: Path, version: int | None) -> Migration:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MigrationError(f"{path} cannot be read: {error}") from error
    return Migration(version, path.stem, path, tuple(split(text, str(path))), checksum(text))
