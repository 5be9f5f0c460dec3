"""What an erasure did, and what it left: the answer to whoever asked for it, to be kept."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ErasedRows(_Part):
    """Rows of a table on one ClickHouse server; its parts without them are written when the receipt is given."""

    server: str
    table: str
    rows: int


class ErasedFiles(_Part):
    """Dead letters on file; a file of which nothing was left is gone."""

    files: int
    letters: int


class Remaining(_Part):
    """What stays.

    Attributes:
        where: it stays.
        until: when it is gone by itself; null where that is not known, or never.
        what: stays, and what to do about it.
    """

    where: str
    until: datetime | None
    what: str


class Receipt(_Part):
    """An erasure.

    Attributes:
        receipt_id: also in the service's log.
        requested_by: the name of the token.
        erased_at: when it was complete.
        clickhouse: one entry for each server and table.
        redis_keys: lists that were deleted; null where the service has no Redis. What was in them does not come back.
        profiles: documents of the catalogue that were removed; null where the service has no MongoDB.
        dead_letter_files: null where the service has no such folder.
        days_to_rebuild: days (UTC) whose marts still count an erased user, until `clickstream rebuild --repairs`.
        remaining: what was not erased.
    """

    receipt_id: str
    tenant_id: str
    user_id: str
    requested_by: str
    erased_at: datetime
    clickhouse: list[ErasedRows]
    redis_keys: int | None
    profiles: int | None
    dead_letter_files: ErasedFiles | None
    days_to_rebuild: list[str]
    remaining: list[Remaining]
