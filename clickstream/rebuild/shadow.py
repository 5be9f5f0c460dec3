"""One mart on one server: its shadow is filled from the raw rows and takes its place, while events go on coming in.

    generation g     the raw rows of the days are counted into the shadow; the other days are copied (hard links)
    generation g+1   came while that was done: copied from the mart, just before
    EXCHANGE         from here on the view writes into what was the shadow
    generation g+2   came between: what the replaced table got of it is moved over

Each insert has one generation (see `generation`) and finds the view's target once, so each of its states is in the
replaced table or in its successor: none is lost, none is there twice. Between the exchange and the last step, usually
well below a second, readers miss what was inserted since the last raise.

Every step can be ended and repeated: until the exchange a next run begins anew, after it a next run goes on. Which of
both holds is said by the comment of the mart's table.
"""

import re
from dataclasses import replace

from clickhouse_connect.driver.client import Client

from clickstream.clickhouse_client import number
from clickstream.errors import ContractError
from clickstream.names import COLUMN_GENERATION, TABLE_BEHAVIORS_LOCAL
from clickstream.rebuild.days import Days
from clickstream.rebuild.generation import generation, quiesce, raise_to
from clickstream.rebuild.marts import Mart
from clickstream.rebuild.report import Step, Tell

_MARK = re.compile(r"rebuilt, rows of generation (?P<last>\d+) are to come: (?P<comment>.*)", re.DOTALL)
# A block that is equal to an earlier one is no repetition here.
_INSERT = {"insert_deduplicate": "0", "max_partitions_per_insert_block": "0"}


class Shadow:
    """Replaces one mart of one server. Only one may do so at a time: see `lock`."""

    def __init__(self, client: Client, mart: Mart, tell: Tell) -> None:
        marked = _MARK.fullmatch(mart.comment)
        self._swapped = int(marked["last"]) if marked else None
        self._mart = replace(mart, comment=marked["comment"]) if marked else mart
        self._client = client
        self._tell = tell

    def recover(self) -> None:
        """Finish what an earlier run had swapped, throw away what it had not. Inserts of that time must have ended."""
        if self._swapped is not None:
            self._tell(Step.RESUMED, "")
            self._collect(self._swapped)
            self._swapped = None
        for table in (self._mart.shadow, self._mart.late):
            self._client.command(f"DROP TABLE IF EXISTS {table} SYNC")

    def rebuild(self, days: Days) -> None:
        """Count these days anew.

        Raises:
            ContractError: the shadow does not hold what the raw rows say; the mart was left as it is.
        """
        mart, client = self._mart, self._client
        first = generation(client)
        last = first + 2
        raise_to(client, first + 1)
        self._tell(Step.COUNTING, f"{days}")
        mark = f"rebuilt, rows of generation {last} are to come: {mart.comment}"
        client.command(f"CREATE TABLE {mart.shadow} AS {mart.table} COMMENT {_text(mark)}")
        self._copy(f"generation <= {first} AND date NOT IN ({days.sql})", days, first)
        self._count(days, first)
        self._compare(days, first)
        raise_to(client, last)
        self._insert(mart.shadow, f"SELECT {_columns(mart)} FROM {mart.table} WHERE generation = {first + 1}")
        client.command(f"EXCHANGE TABLES {mart.table} AND {mart.shadow}")
        self._tell(Step.SWAPPED, "")
        quiesce(client)
        self._collect(last)

    def _copy(self, kept: str, days: Days, first: int) -> None:
        """Whole partitions, then what is not wanted out of them: only parts that have some of it are written anew."""
        mart, client = self._mart, self._client
        for partition in self._partitions(mart.table):
            client.command(f"ALTER TABLE {mart.shadow} ATTACH PARTITION ID '{partition}' FROM {mart.table}")
        client.command(f"ALTER TABLE {mart.shadow} DELETE WHERE NOT ({kept}) SETTINGS mutations_sync = 2")
        left = number(client, f"SELECT count() FROM {mart.shadow} WHERE generation > {first} OR date IN ({days.sql})")
        if left:
            raise ContractError(f"{mart.shadow} still has {left} states that were deleted: run the command again")

    def _count(self, days: Days, first: int) -> None:
        """Day by day, to bound the memory that it takes."""
        mart = self._mart
        for day in days.days:
            # One generation, so that what is counted together becomes one state. The condition stands further in:
            # beside the replacement it would be about the new value.
            rows = (
                f"SELECT * REPLACE (toUInt32({first}) AS {COLUMN_GENERATION}) FROM (SELECT * FROM "
                f"{TABLE_BEHAVIORS_LOCAL} WHERE date = toDate('{day}') AND {COLUMN_GENERATION} <= {first})"
            )
            self._insert(mart.shadow, f"SELECT {_columns(mart)} FROM ({mart.states_of(rows)})")

    def _compare(self, days: Days, first: int) -> None:
        """Hold the shadow against the raw rows, and say by how much the mart was wrong."""
        mart = self._mart
        rows = f"SELECT * FROM {TABLE_BEHAVIORS_LOCAL} WHERE date IN ({days.sql}) AND {COLUMN_GENERATION} <= {first}"
        raw = self._events(f"({mart.states_of(rows)})")
        bounds = f"WHERE date IN ({days.sql}) AND generation <= {first}"
        after = self._events(f"{mart.shadow} {bounds}")
        before = self._events(f"{mart.table} {bounds}")
        if raw != after:
            wrong = sorted(day for day in raw.keys() | after.keys() if raw.get(day) != after.get(day))
            self._client.command(f"DROP TABLE IF EXISTS {mart.shadow} SYNC")
            raise ContractError(
                f"{mart.name} was not replaced: for {', '.join(wrong)} its shadow holds "
                f"{sum(after.values())} events and the raw rows {sum(raw.values())}. Were raw rows deleted meanwhile? "
                "Run the command again"
            )
        changed = sum(before.get(day) != after.get(day) for day in before.keys() | after.keys())
        self._tell(
            Step.COMPARED,
            f"{sum(before.values()):,} events before, {sum(after.values()):,} now, as in the raw rows; "
            f"{changed} {'day differs' if changed == 1 else 'days differ'}",
        )

    def _events(self, source: str) -> dict[str, int]:
        sql = f"SELECT toString(date) AS day, sum(events) FROM {source} GROUP BY day"
        return {day: int(events) for day, events in self._client.query(sql).result_rows}

    def _collect(self, last: int) -> None:
        """Move what the replaced table got last, and let it go. Nothing is written to that table any more."""
        mart, client = self._mart, self._client
        if number(client, f"EXISTS TABLE {mart.shadow}"):
            client.command(f"DROP TABLE IF EXISTS {mart.late} SYNC")
            client.command(f"CREATE TABLE {mart.late} AS {mart.table}")
            self._insert(mart.late, f"SELECT {_columns(mart)} FROM {mart.shadow} WHERE generation >= {last}")
            self._tell(Step.COLLECTED, f"{number(client, f'SELECT count() FROM {mart.late}')} states")
            client.command(f"DROP TABLE {mart.shadow} SYNC")
        if number(client, f"EXISTS TABLE {mart.late}"):
            for partition in self._partitions(mart.late):
                client.command(f"ALTER TABLE {mart.late} MOVE PARTITION ID '{partition}' TO TABLE {mart.table}")
        client.command(f"ALTER TABLE {mart.table} MODIFY COMMENT {_text(mart.comment)}")
        client.command(f"DROP TABLE IF EXISTS {mart.late} SYNC")
        self._tell(Step.REBUILT, "")

    def _insert(self, table: str, select: str) -> None:
        self._client.command(f"INSERT INTO {table} ({_columns(self._mart)}) {select}", settings=_INSERT)

    def _partitions(self, table: str) -> list[str]:
        sql = (
            "SELECT DISTINCT partition_id FROM system.parts WHERE active AND rows > 0 "
            "AND database = currentDatabase() AND table = {table:String} ORDER BY partition_id"
        )
        found = self._client.query(sql, parameters={"table": table.strip("`")}).result_rows
        return [row[0] for row in found]


def _columns(mart: Mart) -> str:
    return ", ".join(mart.columns)


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
