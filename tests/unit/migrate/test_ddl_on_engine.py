"""The shipped ClickHouse files, applied by the engine itself."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from clickstream import names
from clickstream.events.action import NUMBERS, Action
from clickstream.events.model import Context, EnrichedEvent, Event
from clickstream.events.row import encode_enriched_rows
from clickstream.migrate.files import ddl_directory, read_migrations
from clickstream.migrate.on_cluster import script_on_cluster, statements_on_cluster
from clickstream.migrate.render import Topology, render
from clickstream.rebuild.days import Days
from clickstream.rebuild.marts import Mart
from clickstream.rebuild.replaced import counting, replacing

NOW = datetime.now(UTC).replace(microsecond=123_000) - timedelta(hours=1)  # rows older than 90 days do not stay

COLUMNS = (
    "SELECT name, type, default_kind, default_expression, comment FROM system.columns WHERE database = 'shop' "
    "AND table = '{}' ORDER BY position"
)


class Run(Protocol):
    def __call__(self, *statements: str) -> list[list[list[Any]]]:
        """The answers' rows."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One engine for all tests, which puts its tables into the database shop. None of them needs empty ones."""
    folder = tmp_path_factory.mktemp("engine")
    errors = folder / "errors"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("engine.py")), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        stdin, stdout = process.stdin, process.stdout
        assert stdin and stdout

        def run(*statements: str) -> list[list[list[Any]]]:
            stdin.write(json.dumps(statements) + "\n")
            stdin.flush()
            line = stdout.readline()
            assert line, errors.read_text()
            answers: list[list[list[Any]]] = json.loads(line)
            return answers

        run("CREATE DATABASE shop", "USE shop", *ddl())
        yield run


def ddl(cluster: str = "") -> list[str]:
    migrations = [render(found, Topology(cluster)) for found in read_migrations(ddl_directory(None) / "clickhouse")]
    return [statement.text for migration in migrations for statement in migration.statements]


@pytest.fixture(scope="module")
def columns(engine: Run) -> dict[str, dict[str, list[str]]]:
    """Of each table: name -> type, kind of default, default, comment. The DDL is applied twice: it can be repeated."""
    tables = (names.TABLE_BEHAVIORS_LOCAL, names.TABLE_BEHAVIORS, names.TABLE_REPAIRS)
    answers = engine(*ddl(), *(COLUMNS.format(table) for table in tables))
    return {
        table: {row[0]: row[1:] for row in rows} for table, rows in zip(tables, answers[-len(tables) :], strict=True)
    }


PUBLISHED = {
    **dict.fromkeys(
        ("event_id", "tenant_id", "scenario_id", "user_id", "item_id", "extra_data", "experiment_id"), "String"
    ),
    "experiment_group": "String",
    "watch_duration": "Int32",
    "completion_rate": "Float32",
    "timestamp": "DateTime64(3)",
    "date": "Date",
    names.COLUMN_EPOCH: "UInt32",
    names.COLUMN_PARTITION: "UInt16",
    names.COLUMN_OFFSET: "UInt64",
}


def test_every_field_of_an_event_has_a_column(columns: dict[str, dict[str, list[str]]]) -> None:
    fields = {*Event.__struct_encode_fields__, *EnrichedEvent.__struct_encode_fields__}
    stored = {name for name, column in columns[names.TABLE_BEHAVIORS_LOCAL].items() if column[1] != "ALIAS"}
    assert stored == fields | {"date", names.COLUMN_GENERATION}


def test_every_field_of_the_context_has_an_element(columns: dict[str, dict[str, list[str]]]) -> None:
    kind = columns[names.TABLE_BEHAVIORS_LOCAL]["context"][0]
    elements = [part.split()[0] for part in kind.removeprefix("Tuple(").split(",")]
    assert elements == list(Context.__struct_encode_fields__)


def test_published_columns_keep_their_types(columns: dict[str, dict[str, list[str]]]) -> None:
    found = {name: columns[names.TABLE_BEHAVIORS_LOCAL][name][0] for name in PUBLISHED}
    assert found == PUBLISHED


def test_actions_have_the_numbers_of_the_model(columns: dict[str, dict[str, list[str]]]) -> None:
    numbers = ", ".join(f"'{action}' = {number}" for action, number in NUMBERS.items())
    assert columns[names.TABLE_BEHAVIORS_LOCAL]["action_type"][0] == f"Enum8({numbers})"


def test_every_column_says_what_it_is(columns: dict[str, dict[str, list[str]]]) -> None:
    for table in (names.TABLE_BEHAVIORS_LOCAL, names.TABLE_REPAIRS):
        assert [name for name, column in columns[table].items() if not column[3]] == []


def test_the_table_that_queries_name_has_every_column(columns: dict[str, dict[str, list[str]]]) -> None:
    assert set(columns[names.TABLE_BEHAVIORS]) == set(columns[names.TABLE_BEHAVIORS_LOCAL])


def test_there_are_more_than_fifty_dimension_columns(columns: dict[str, dict[str, list[str]]]) -> None:
    measures = {"watch_duration", "completion_rate", "quantity", "price", "product_price", "revenue", "receive_delay"}
    technical = {"event_id", "extra_data", "dim_missing", "timestamp", "received_at", "context"}
    dimensions = {name for name in columns[names.TABLE_BEHAVIORS_LOCAL] if not name.startswith("_")}
    assert len(dimensions - measures - technical) + len(Context.__struct_encode_fields__) >= 50


def test_where_a_cluster_is_named_queries_go_to_all_its_shards(engine: Run) -> None:
    what = f"SELECT engine_full FROM system.tables WHERE database = 'shop' AND name = '{names.TABLE_BEHAVIORS}'"
    # From one server to a cluster and back: what is there is replaced.
    *_, distributed, found = engine(*ddl("shop"), what, COLUMNS.format(names.TABLE_BEHAVIORS))
    *_, view = engine(*ddl(), what)
    assert distributed == [["Distributed('shop', 'shop', 'user_behaviors_local', sipHash64(tenant_id, user_id))"]]
    assert {"utm_source", "page_host", "event_id"} <= {row[0] for row in found}
    assert view == [[""]]


def test_what_is_rendered_for_a_cluster_is_the_golden_file() -> None:
    golden = Path(__file__).with_name("on_cluster.sql")
    assert script_on_cluster(ddl_directory(None), "production", "shop") == golden.read_text(), (
        f"if the change is meant: clickstream migrate --render-cluster production --database shop > {golden}"
    )


def test_the_engine_parses_what_is_rendered_for_a_cluster(engine: Run) -> None:
    texts = [text for _, text in statements_on_cluster(ddl_directory(None), "production", "shop")]
    asts = engine(*(f"EXPLAIN AST {text}" for text in texts))
    assert len(asts) == len(texts) > 40
    for text, ast in zip(texts, asts, strict=True):
        assert str(ast[0][0]).split()[0] in {"CreateQuery", "AlterQuery"}, text
        assert text.count("ON CLUSTER 'production'") == 1, text
        # As the engine reads it: the engine's name in the tree, not a word in the text.
        words = {word for row in ast for word in str(row[0]).split()}
        plain = {word for word in words if word.endswith("MergeTree") and not word.startswith("Replicated")}
        assert not plain, text
    read = "\n".join(texts)
    assert read.count("ENGINE = ReplicatedAggregatingMergeTree(") == 6
    assert read.count("ENGINE = Distributed('production', 'shop', ") == 7


@pytest.fixture(scope="module")
def replicated(engine: Run) -> list[Mart]:
    """The marts as a server has them whose shards have replicas."""
    found = []
    views = "SELECT name, as_select FROM system.tables WHERE database = 'shop' AND engine = 'MaterializedView'"
    for name, select in engine(f"{views} ORDER BY name")[0]:
        table = f"{name.removesuffix('_mv')}_state"
        ((kind, definition),) = engine(
            f"SELECT engine, engine_full FROM system.tables WHERE database = 'shop' AND name = '{table}'"
        )[0]
        columns = tuple(f"`{column[0]}`" for column in engine(COLUMNS.format(table))[0])
        place = "('/clickhouse/tables/{shard}/shop/" + table + "', '{replica}')"
        found.append(
            Mart(
                name=table.removesuffix("_state"),
                table=f"`{table}`",
                view=name,
                select=select,
                columns=columns,
                comment="",
                engine=f"Replicated{kind}",
                definition=definition.replace(kind, f"Replicated{kind}{place}", 1),
            )
        )
    return found


def test_a_rebuild_of_replicated_marts_is_the_golden_file_and_the_engine_parses_it(
    engine: Run, replicated: list[Mart]
) -> None:
    days = Days.between(date(2026, 2, 28), date(2026, 3, 1))
    texts = {mart.name: [*counting(mart, days, 7), *replacing(mart, days, {"202602"})] for mart in replicated}
    golden = Path(__file__).with_name("rebuild_replicated.sql")
    assert "".join(f"{text};\n" for text in texts["metrics_hourly"]) == golden.read_text()
    asts = engine(*(f"EXPLAIN AST {text}" for found in texts.values() for text in found))
    kinds = Counter(str(ast[0][0]).split()[0] for ast in asts)
    assert kinds == {"SYSTEM": 12, "DropQuery": 6, "CreateQuery": 6, "InsertQuery": 24, "AlterQuery": 12}
    for mart in replicated:
        counted = list(counting(mart, days, 7))
        assert not any("Replicated" in text for text in counted), "a shadow is a table of one server"
        # The engine has no replication: what needs none is carried out.
        engine(*counted[2:], *replacing(mart, days, ()))


def row(event: EnrichedEvent, **changes: object) -> str:
    """An event as the sink writes it, with other values for some of the columns."""
    line = encode_enriched_rows([event]).decode().rstrip()
    return json.dumps({**json.loads(line), **changes}) if changes else line


def enriched(**fields: Any) -> EnrichedEvent:
    given = {"event_id": "e", "tenant_id": "t", "scenario_id": "s", "user_id": "u", "action_type": Action.CUSTOM}
    place = {"timestamp": round(NOW.timestamp() * 1000), "epoch": 2**32 - 1, "partition": 2**16 - 1, "offset": 2**63}
    return EnrichedEvent(**{**given, **place, **fields})


def stored(engine: Run, rows: list[str], select: str) -> list[list[Any]]:
    # As the sink inserts; the engine's own client has synchronous inserts anyway.
    insert = f"INSERT INTO {names.TABLE_BEHAVIORS_LOCAL} FORMAT JSONEachRow " + "\n".join(rows)
    ids = ", ".join(f"'{json.loads(line)['event_id']}'" for line in rows)
    where = f"event_id IN ({ids}) ORDER BY event_id"
    return engine(insert, f"SELECT {select} FROM {names.TABLE_BEHAVIORS} WHERE {where}")[-1]


def test_an_event_is_stored_to_the_millisecond(engine: Run) -> None:
    milliseconds = round(NOW.timestamp() * 1000)
    times = [milliseconds - offset for offset in (0, 1, 7, 123, 877)]
    rows = [row(enriched(event_id=f"time-{i}", timestamp=ms, received_at=ms + 1)) for i, ms in enumerate(times)]
    found = stored(
        engine, rows, "toUnixTimestamp64Milli(timestamp)::Float64, toUnixTimestamp64Milli(received_at)::Float64, date"
    )
    days = [datetime.fromtimestamp(ms / 1000, UTC).date().isoformat() for ms in times]
    assert found == [[ms, ms + 1, day] for ms, day in zip(times, days, strict=True)]


def test_what_is_sent_is_what_is_stored(engine: Run) -> None:
    event = enriched(
        event_id="order",
        action_type=Action.ORDER,
        item_id="i",
        url="https://shop.example/a%20b/c?utm_source=news%20letter+x&utm_medium=%C3%A4&x=1#f",
        referrer="https://search.example/q?s=1",
        context=Context(os="iOS", is_bot=True, location="DE-BY/Munich"),
        x=0,
        price=9.5,
        quantity=2,
        dim_missing=["geo", "product"],
        extra_data=msgspec.Raw(b'{"a": "\\"b\\""}'),
    )
    select = (
        "action_type, item_id, context.os, context.is_bot, context.location, context.browser, x, y, revenue, "
        "dim_missing, extra_data, page_host, page_path, referrer_host, utm_source, utm_medium, utm_term, "
        "_epoch, _partition, toString(_offset)"
    )
    (found,) = stored(engine, [row(event)], select)
    assert found == [
        *("order", "i", "iOS", True, "DE-BY/Munich", "", 0, -1, 19, ["geo", "product"], '{"a": "\\"b\\""}'),
        *("shop.example", "/a%20b/c", "search.example", "news letter x", "ä", ""),
        *(2**32 - 1, 2**16 - 1, str(2**63)),
    ]


def test_null_and_absent_are_the_same(engine: Run) -> None:
    select = "* EXCEPT (event_id)"
    optional = set(EnrichedEvent.__struct_encode_fields__) - set(msgspec.json.decode(msgspec.json.encode(enriched())))
    nulls = dict.fromkeys(optional, None)
    in_context = {"context": dict.fromkeys(Context.__struct_encode_fields__, None)}
    rows = [
        row(enriched(event_id="null-1")),
        row(enriched(event_id="null-2"), **nulls),
        row(enriched(event_id="null-3"), **in_context),
    ]
    absent, null, null_in_context = stored(engine, rows, select)
    assert absent == null == null_in_context
