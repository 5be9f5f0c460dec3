"""Days of one mart counted anew while nothing is inserted: for marts with replicas.

A shadow of the months that the days are in is made on one replica. Each month of the mart is replaced by that of the
shadow in one statement, which a replicated table passes on to its replicas. Until then the mart is as it was, and a run
that was ended is begun anew.
"""

from collections.abc import Collection, Iterator
from datetime import date

from clickhouse_connect.driver.client import Client

from clickstream.clickhouse_client import number
from clickstream.errors import ContractError
from clickstream.names import COLUMN_GENERATION, TABLE_BEHAVIORS_LOCAL
from clickstream.rebuild.days import Days
from clickstream.rebuild.generation import generation
from clickstream.rebuild.marts import Mart
from clickstream.rebuild.report import Step, Tell

# A block that is equal to an earlier one is no repetition here.
_INSERT = {"insert_deduplicate": "0", "max_partitions_per_insert_block": "0"}
# Behind the last replica that runs.
_EVERYWHERE = {"alter_sync": "2"}


def months(days: Days) -> list[str]:
    """The partitions that the days are in."""
    return sorted({f"{day:%Y%m}" for day in days.days})


def counting(mart: Mart, days: Days, mark: int) -> Iterator[str]:
    """The statements that fill the shadow.

    Args:
        mart: whose.
        days: counted from the raw rows; the others of their months are copied.
        mark: the generation that what is counted gets, so that it is one state.
    """
    if mart.replicated:
        yield f"SYSTEM SYNC REPLICA {TABLE_BEHAVIORS_LOCAL}"
        yield f"SYSTEM SYNC REPLICA {mart.table}"
    yield f"DROP TABLE IF EXISTS {mart.shadow} SYNC"
    yield f"CREATE TABLE {mart.shadow} AS {mart.table} ENGINE = {mart.alone}"
    columns = ", ".join(mart.columns)
    into = f"INSERT INTO {mart.shadow} ({columns}) SELECT {columns} FROM"
    for month in months(days):
        yield f"{into} {mart.table} WHERE toYYYYMM(date) = {month} AND date NOT IN ({days.sql})"
    for day in days.days:
        rows = (
            f"SELECT * REPLACE (toUInt32({mark}) AS {COLUMN_GENERATION}) FROM {TABLE_BEHAVIORS_LOCAL} "
            f"WHERE date = toDate('{day}')"
        )
        yield f"{into} ({mart.states_of(rows)})"


def replacing(mart: Mart, days: Days, filled: Collection[str]) -> Iterator[str]:
    """The statements that put the shadow's months in the place of the mart's; `filled`: those that it has rows of."""
    for month in months(days):
        if month in filled:
            yield f"ALTER TABLE {mart.table} REPLACE PARTITION ID '{month}' FROM {mart.shadow}"
        else:
            yield f"ALTER TABLE {mart.table} DROP PARTITION ID '{month}'"


def replace_days(client: Client, mart: Mart, days: Days, tell: Tell) -> None:
    """Count the days anew, on one replica for all of its shard.

    Raises:
        ContractError: something was inserted meanwhile, or the shadow does not hold what the raw rows say.
    """
    stored = _stored(client, days)
    tell(Step.COUNTING, f"{days}")
    for statement in counting(mart, days, generation(client)):
        client.command(statement, settings=_INSERT)
    before, raw, after = (_events(client, source, days) for source in (mart.table, _raw(mart, days), mart.shadow))
    changed = sum(before.get(day) != after.get(day) for day in before.keys() | after.keys())
    tell(
        Step.COMPARED,
        f"{sum(before.values()):,} events before, {sum(after.values()):,} now, as in the raw rows; "
        f"{changed} {'day differs' if changed == 1 else 'days differ'}",
    )
    if raw != after or _stored(client, days) != stored:
        client.command(f"DROP TABLE {mart.shadow} SYNC")
        raise ContractError(
            f"{mart.name} was not replaced: events were inserted meanwhile (its shadow holds {sum(after.values())} of "
            f"{days}, the raw rows {sum(raw.values())}); stop the sink, then run the command again"
        )
    filled = client.query(f"SELECT DISTINCT toString(toYYYYMM(date)) FROM {mart.shadow}").result_rows
    for statement in replacing(mart, days, {row[0] for row in filled}):
        client.command(statement, settings=_EVERYWHERE)
    lost = _stored(client, days) != stored
    tell(Step.SWAPPED, "")
    client.command(f"DROP TABLE {mart.shadow} SYNC")
    if lost:
        raise ContractError(
            f"events were inserted while {mart.name} was replaced, and it may lack them: stop the sink, then rebuild "
            f"every day of {', '.join(months(days))}"
        )
    tell(Step.REBUILT, "")


def _stored(client: Client, days: Days) -> int:
    return number(
        client, f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL} WHERE toYYYYMM(date) IN ({', '.join(months(days))})"
    )


def _raw(mart: Mart, days: Days) -> str:
    return f"({mart.states_of(f'SELECT * FROM {TABLE_BEHAVIORS_LOCAL} WHERE date IN ({days.sql})')})"


def _events(client: Client, source: str, days: Days) -> dict[date, int]:
    sql = f"SELECT date, sum(events) FROM {source} WHERE date IN ({days.sql}) GROUP BY date"
    return {day: int(events) for day, events in client.query(sql).result_rows}
