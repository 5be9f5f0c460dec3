"""Which marts a server has: tables of states that a materialised view fills from the raw rows."""

import re
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from clickstream.names import TABLE_BEHAVIORS_LOCAL

_NAME = r"(?:`(?:[^`\\]|\\.)+`|[^\s`.(]+)"
_TARGET = re.compile(rf"^CREATE MATERIALIZED VIEW {_NAME}(?:\.{_NAME})? (?:UUID '[^']*' )?TO (?:{_NAME}\.)?({_NAME})")
_SOURCE = re.compile(rf"(?<![\w`.])(?:`?\w+`?\.)?`?{TABLE_BEHAVIORS_LOCAL}`?(?![\w`])")
_REPLICATED = re.compile(r"^Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?")
# Without them a mart can't be counted anew while events come in.
_NEEDED = frozenset({"date", "events", "generation"})

_VIEWS = """
SELECT name, as_select, create_table_query FROM system.tables
WHERE database = currentDatabase() AND engine = 'MaterializedView' ORDER BY name
"""
_COLUMNS = """
SELECT name FROM system.columns
WHERE database = currentDatabase() AND table = {table:String} AND default_kind NOT IN ('ALIAS', 'MATERIALIZED')
ORDER BY position
"""
_TABLE = """
SELECT comment, engine, engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}
"""


@dataclass(frozen=True, slots=True)
class Mart:
    """One mart of one server.

    Attributes:
        name: what it is called, such as `metrics_hourly`.
        table: of its states, in backquotes.
        view: that fills it.
        select: of the view.
        columns: of the table, in backquotes.
        comment: of the table.
        engine: of the table.
        definition: of the table: engine with arguments, partitions, order, TTL and settings.
    """

    name: str
    table: str
    view: str
    select: str
    columns: tuple[str, ...]
    comment: str
    engine: str
    definition: str

    @property
    def shadow(self) -> str:
        """The table that is filled anew; after the swap the one that was replaced."""
        return _quoted(f"{self.table.strip('`')}_rebuild")

    @property
    def late(self) -> str:
        """The table for what the replaced one got last."""
        return _quoted(f"{self.table.strip('`')}_late")

    @property
    def replicated(self) -> bool:
        """Whether its table has replicas."""
        return self.engine.startswith("Replicated")

    @property
    def alone(self) -> str:
        """Its definition as a table of one server alone."""
        return _REPLICATED.sub(r"\1(", self.definition)

    def states_of(self, rows: str) -> str:
        """The view's query over other rows.

        Args:
            rows: a SELECT of all columns of the raw table.
        """
        source = f"({rows}) AS {TABLE_BEHAVIORS_LOCAL}"
        return _SOURCE.sub(lambda _: source, self.select, count=1)


def marts(client: Client) -> tuple[list[Mart], list[str]]:
    """The marts of the client's database, and the views on the raw rows that are none: these can't be counted anew."""
    found: list[Mart] = []
    others: list[str] = []
    for view, select, create in client.query(_VIEWS).result_rows:
        if not _SOURCE.search(select):
            continue
        target = _TARGET.match(create)
        table = target[1].strip("`") if target else ""
        columns = [row[0] for row in client.query(_COLUMNS, parameters={"table": table}).result_rows]
        if not columns or not _NEEDED.issubset(columns):
            others.append(view)
            continue
        described = client.query(_TABLE, parameters={"table": table}).result_rows[0]
        name = table.removesuffix("_state")
        found.append(Mart(name, _quoted(table), view, select, tuple(map(_quoted, columns)), *described))
    return found, others


def _quoted(name: str) -> str:
    return f"`{name}`"
