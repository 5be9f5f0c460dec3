"""Which files a server still needs, from what it says was applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clickstream.errors import MigrationError
from clickstream.migrate.files import Migration


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of a server's table of applied migrations; `applied_at` is in UTC."""

    name: str
    version: int | None
    checksum: str
    applied_at: datetime


def pending(migrations: Sequence[Migration], applied: Mapping[str, Applied], server: str) -> list[Migration]:
    """The files to apply, in order: numbered ones that are not there, and repeatable ones that changed.

    Once a numbered file is to be applied, so is every repeatable one: what it defines may depend on the former.
    A server may have numbers that no file has: a newer release was there.

    Raises:
        MigrationError: a numbered file was changed after it was applied, or would be applied after a later one.
    """
    numbered = [migration for migration in migrations if migration.version is not None]
    repeatable = [migration for migration in migrations if migration.version is None]
    for migration in numbered:
        found = applied.get(migration.name)
        if found and found.checksum != migration.checksum:
            raise MigrationError(
                f"{migration.path} was changed after it was applied on {server} at "
                f"{found.applied_at:%Y-%m-%d %H:%M:%S} UTC (SHA-256 {found.checksum[:12]}..., now "
                f"{migration.checksum[:12]}...): put the file back as it was, and write the change as a new file with "
                "the next number"
            )
    missing = [migration for migration in numbered if migration.name not in applied]
    latest = max((found.version or 0 for found in applied.values()), default=0)
    for migration in missing:
        if (migration.version or 0) <= latest:
            raise MigrationError(
                f"{migration.path} is not applied on {server}, but number {latest:03d} is: migrations are applied in "
                "order, and a file keeps its name; give a new file the next number"
            )
    stale = [
        migration
        for migration in repeatable
        if missing or migration.name not in applied or applied[migration.name].checksum != migration.checksum
    ]
    return missing + stale
