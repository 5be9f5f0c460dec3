import json
import re

import pytest

from clickstream.config.clickhouse import Node
from sinks.clickhouse.batch import Positions
from sinks.clickhouse.errors import Meaning, ServerError
from sinks.clickhouse.views import MOST_CULPRITS, Views, rows_sql
from tests.unit.sinks.clickhouse.nodes import batch_of, node, row

NODE = node(1)
ERROR = ServerError(395, "throws", Meaning.DATA, applied=True)


class Server:
    """Knows one view, which breaks on some offsets, and notes what it is asked."""

    def __init__(self, select: str | None, breaks: set[int], create: str = "CREATE MATERIALIZED VIEW db.view") -> None:
        self.select = select
        self.breaks = breaks
        self.create = create
        self.error = ERROR
        self.asked: list[str] = []
        self.sessions: set[str] = set()
        self.down = False

    async def __call__(self, node: Node, sql: str, session: str = "") -> bytes | ServerError:
        self.asked.append(sql)
        self.sessions.add(session)
        if self.down:
            return ServerError(0, "down", Meaning.RETRY, applied=True)
        if "as_select" in sql:
            return json.dumps({"data": [[self.select, self.create, ["n", "odd`name"]]] if self.select else []}).encode()
        if "_offset IN" not in sql or "repairs" in sql:
            return b""
        (offsets,) = re.findall(r"_offset IN \(([\d, ]+)\)", sql)
        return self.error if self.breaks & set(map(int, offsets.split(", "))) else b""


def test_rows_are_named_exactly_even_where_others_lie_between() -> None:
    sql = rows_sql(Positions.of([1, 1, 2], [0, 0, 5], [10, 30, 7]))
    assert "(_epoch = 1 AND _partition = 0 AND _offset BETWEEN 10 AND 30)" in sql
    assert "(_epoch = 2 AND _partition = 5 AND _offset BETWEEN 7 AND 7)" in sql
    assert sql.endswith("AND _offset IN (10, 30, 7)")


async def test_culprits_are_found_by_halving() -> None:
    server = Server("SELECT n FROM db.t", {3, 17})
    found = await Views("t", None, server).culprits(NODE, "db.view", batch_of([row(n) for n in range(64)]))
    assert sorted(found) == [3, 17]
    assert len(server.asked) < 1 + 2 * 2 * 7
    assert "database = 'db' AND name = 'view'" in server.asked[0]


@pytest.mark.parametrize("target", ["db.counts", "`odd db`.`a \\` b`", "counts"])
async def test_rows_that_only_the_views_target_refuses_are_tried_on_a_twin_of_it(target: str) -> None:
    server = Server("SELECT n FROM t", {3}, f"CREATE MATERIALIZED VIEW db.`the view` TO {target} (`n` Int64) AS SELECT")
    assert await Views("t", None, server).culprits(NODE, "db.`the view`", batch_of([row(n) for n in range(8)])) == [3]
    assert server.asked[1] == f"CREATE TEMPORARY TABLE clickstream_twin AS {target} ENGINE = Null"
    assert server.asked[2].startswith(
        "INSERT INTO clickstream_twin (`n`, `odd\\`name`) SELECT `n`, `odd\\`name` FROM ("
    )
    assert len(server.sessions - {""}) == 1


async def test_a_server_that_fails_makes_no_row_a_culprit() -> None:
    server = Server("SELECT n FROM t", {3})
    server.error = ServerError(0, "no answer", Meaning.RETRY, applied=True)
    assert await Views("t", None, server).culprits(NODE, "view", batch_of([row(n) for n in range(8)])) == []


async def test_at_most_so_many_are_named() -> None:
    server = Server("SELECT n FROM t", set(range(1000)))
    found = await Views("t", None, server).culprits(NODE, "view", batch_of([row(n) for n in range(1000)]))
    assert len(found) == MOST_CULPRITS
    assert "currentDatabase()" in server.asked[0]


@pytest.mark.parametrize("down", [True, False])
async def test_a_view_that_is_gone_names_nobody(down: bool) -> None:
    server = Server(None, {1})
    server.down = down
    assert await Views("t", None, server).culprits(NODE, "db.view", batch_of([row(1)])) == []


@pytest.mark.parametrize(
    ("select", "source"),
    [
        ("SELECT n FROM t", "FROM (SELECT"),
        ("SELECT n FROM db.t WHERE n > 1", "FROM (SELECT"),
        ("SELECT n FROM `db`.`t` AS x", "FROM (SELECT"),
        ("SELECT target, t2.n FROM other_t JOIN db.t USING n", "JOIN (SELECT"),
    ],
)
async def test_the_views_query_runs_over_the_rows_alone(select: str, source: str) -> None:
    server = Server(select, set())
    await Views("t", None, server).culprits(NODE, "view", batch_of([row(1)]))
    assert f"{source} * FROM `t` WHERE" in server.asked[1]
    assert server.asked[1].count("SELECT * FROM `t`") == 1


async def test_days_to_be_repaired_are_noted_with_their_cause() -> None:
    server = Server(None, set())
    assert await Views("t", "repairs", server).note_repairs(NODE, batch_of([row(5)]), "view it's \\ failed")
    (sql,) = server.asked
    assert sql.startswith(
        "INSERT INTO `repairs` (date, cause) SELECT DISTINCT date, 'view it\\'s \\\\ failed' FROM `t`"
    )
    server.down = True
    assert not await Views("t", "repairs", server).note_repairs(NODE, batch_of([row(5)]), "x")


async def test_without_a_list_of_repairs_nothing_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(None, set())
    assert await Views("t", None, server).note_repairs(NODE, batch_of([row(5)]), "x")
    assert server.asked == []
    assert "1 rows found" in caplog.text
