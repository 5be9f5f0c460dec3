"""Deletes a user's rows on every ClickHouse server: from each table that says whose its rows are."""

from dataclasses import dataclass
from datetime import date

from clickhouse_connect.driver.client import Client

from analytics.erasure.receipt import ErasedRows
from clickstream.clickhouse_client import connected, number
from clickstream.config.clickhouse import ClickHouseSettings, Node
from clickstream.errors import ContractError
from clickstream.names import TABLE_BEHAVIORS_LOCAL, TABLE_REPAIRS
from clickstream.rebuild.lock import only_rebuild

CAUSE = "a user was erased"
_STATEMENT_SECONDS = 3600.0  # parts that hold the user's rows are written anew

# A rebuild that was ended leaves tables of the marts' columns too: their rows must not come back.
_TABLES = """
SELECT c.table FROM system.columns AS c JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
WHERE c.database = currentDatabase() AND c.name IN ('tenant_id', 'user_id') AND t.engine LIKE '%MergeTree'
GROUP BY c.table HAVING count() = 2 ORDER BY c.table
"""
_WAITING = f"SELECT date FROM {TABLE_REPAIRS} FINAL WHERE state = 'open' AND cause = '{CAUSE}'"
_MINE = "tenant_id = {tenant_id:String} AND user_id = {user_id:String}"


@dataclass(frozen=True, slots=True)
class ErasedTables:
    """What was deleted, and the days on which marts still count a user who was erased, this one or another."""

    rows: list[ErasedRows]
    days: set[date]


def erase_rows(settings: ClickHouseSettings, tenant_id: str, user_id: str) -> ErasedTables:
    """Delete a user's rows; when it returns every part has been written anew without them.

    The days that had any go on the list of repairs: marts without a user's own rows have counted him all the same.
    No rebuild works on a server meanwhile.

    Raises:
        UnavailableError: a server does not answer, or a rebuild works there; what other servers deleted stays deleted.
        ContractError: a server refuses.
    """
    erased = ErasedTables([], set())
    for node in settings.cluster.nodes:
        with (
            connected(
                node, connect_seconds=settings.connect_timeout, answer_seconds=_STATEMENT_SECONDS, refused=ContractError
            ) as client,
            only_rebuild(node, client, settings.connect_timeout),
        ):
            client.database = node.database
            _erase_on(node, client, {"tenant_id": tenant_id, "user_id": user_id}, erased)
    return erased


def _erase_on(node: Node, client: Client, mine: dict[str, str], erased: ErasedTables) -> None:
    days = {
        row[0]
        for row in client.query(f"SELECT DISTINCT date FROM {TABLE_BEHAVIORS_LOCAL} WHERE {_MINE}", mine).result_rows
    }
    _note(client, days)
    for (table,) in client.query(_TABLES).result_rows:
        rows = number(client, f"SELECT count() FROM `{table}` WHERE {_MINE}", mine)
        if rows:
            client.command(f"ALTER TABLE `{table}` DELETE WHERE {_MINE} SETTINGS mutations_sync = 2", mine)
        erased.rows.append(ErasedRows(server=node.address, table=table, rows=rows))
    # Once more: whoever worked the list off before the rows were gone has counted them again.
    _note(client, days)
    erased.days.update(row[0] for row in client.query(_WAITING).result_rows)


def _note(client: Client, days: set[date]) -> None:
    if days:
        client.insert(
            TABLE_REPAIRS,
            [[day, CAUSE] for day in sorted(days)],
            column_names=["date", "cause"],
            settings={"async_insert": 0, "insert_deduplicate": 0},
        )
