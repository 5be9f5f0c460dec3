"""Generations of rows: a moment that separates what was stored before it from what came after, see ddl 008.

The default of a column is part of the table's definition, which every insert takes once, when it begins. So all rows of
an insert have one generation, in the table and in each mart; and once the inserts that ran while it was raised have
ended, no row of an older generation can come any more.
"""

import time

from clickhouse_connect.driver.client import Client

from clickstream.clickhouse_client import number
from clickstream.errors import ContractError, UnavailableError
from clickstream.names import COLUMN_GENERATION, TABLE_BEHAVIORS_LOCAL

QUIET_SECONDS = 900.0
_POLL_SECONDS = 0.05

_RUNNING = "SELECT query_id FROM system.processes WHERE query_kind IN ('Insert', 'AsyncInsertFlush')"
_DEFAULT = (
    "SELECT default_expression FROM system.columns WHERE database = currentDatabase() "
    f"AND table = '{TABLE_BEHAVIORS_LOCAL}' AND name = '{COLUMN_GENERATION}'"
)
# Parts from before the column was added have no value of their own: reading them gives the default as it is now.
_UNMARKED = f"""
SELECT count() FROM system.parts WHERE active AND database = currentDatabase() AND table = '{TABLE_BEHAVIORS_LOCAL}'
AND rows > 0 AND name NOT IN (
    SELECT name FROM system.parts_columns WHERE active AND database = currentDatabase()
    AND table = '{TABLE_BEHAVIORS_LOCAL}' AND column = '{COLUMN_GENERATION}')
"""


def generation(client: Client) -> int:
    """Of rows that are inserted now.

    Raises:
        ContractError: the server's table has no generations.
    """
    rows = client.query(_DEFAULT).result_rows
    digits = "".join(filter(str.isdigit, str(rows[0][0]).rpartition("(")[2])) if rows else ""
    if not digits:
        raise ContractError(
            f"{client.database}.{TABLE_BEHAVIORS_LOCAL} has no column {COLUMN_GENERATION}: run `clickstream migrate`"
        )
    return int(digits)


def fix_marks(client: Client) -> None:
    """Write the generation of rows that are older than the column into their parts. Call before it is raised."""
    quiesce(client)
    if number(client, _UNMARKED):
        client.command(
            f"ALTER TABLE {TABLE_BEHAVIORS_LOCAL} MATERIALIZE COLUMN {COLUMN_GENERATION} SETTINGS mutations_sync = 2"
        )


def raise_to(client: Client, generation: int) -> None:
    """Give rows of inserts that begin from now on this generation; when it returns, older ones are complete."""
    client.command(f"ALTER TABLE {TABLE_BEHAVIORS_LOCAL} MODIFY COLUMN {COLUMN_GENERATION} DEFAULT {generation}")
    quiesce(client)


def quiesce(client: Client, seconds: float = QUIET_SECONDS) -> None:
    """Wait until the inserts that run now have ended; those that begin meanwhile are not waited for.

    Raises:
        UnavailableError: one of them runs for longer than `seconds`.
    """
    deadline = time.monotonic() + seconds
    running = _running(client)
    while running:
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"inserts {', '.join(sorted(running)[:3])} have run for more than {seconds:g} s: wait for their end or "
                "kill them (system.processes), then run the command again"
            )
        time.sleep(_POLL_SECONDS)
        running &= _running(client)


def _running(client: Client) -> set[str]:
    return {row[0] for row in client.query(_RUNNING).result_rows}
