"""Joining whole micro-batches, against tables in memory."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clickstream.clock import SystemClock
from clickstream.dimensions import Dimensions, load_dimensions
from clickstream.dimensions.cache import DimensionCache
from clickstream.dimensions.declaration import Dimension
from clickstream.dimensions.join import Joiner
from clickstream.dimensions.lookup import Lookup, Patience
from clickstream.dimensions.micro_batch import positioned
from clickstream.dimensions.rows import Found, Key, RowReader
from clickstream.events.action import Action
from clickstream.events.decode import EXTRA_DATA_LIMIT, EventDecoder
from clickstream.events.model import Context, EnrichedEvent, Event

Table = list[dict[str, Any]]
TABLES: dict[str, Table] = {
    "dim_product": [
        {"tenant_id": t, "item_id": i, "product_name": f"{t}-{i}", "product_brand": "b", "product_price": 2, **more}
        for t in ("one", "two")
        for i, more in (
            ("i", {"category_id": "c3"}),
            ("uncategorised", {"category_id": None}),
            ("orphan", {"category_id": "gone"}),
            ("broken", {"category_id": "lonely"}),
        )
    ],
    "dim_category": [
        {"tenant_id": t, "category_id": f"c{level}", "parent_id": parent, "level": level, "name": f"{t} level {level}"}
        for t in ("one", "two")
        for level, parent in ((1, None), (2, "c1"), (3, "c2"))
    ]
    + [{"tenant_id": "one", "category_id": "lonely", "parent_id": "gone", "level": 3, "name": "lonely"}],
    "dim_geo": [{"location": "DE-BE/Berlin", "geo_country": "Germany", "geo_region": None, "geo_city": "Berlin"}],
    "dim_scenario": [{"tenant_id": "one", "scenario_id": "home", "scenario_name": "Home"}],
}


class Database:
    """Answers for every dimension; `away` ones fail, `asked` counts queries."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables
        self.away: set[str] = set()
        self.hangs: set[str] = set()
        self.asked: list[str] = []

    async def fetch(self, dimension: Dimension, reader: RowReader, keys: Sequence[Key]) -> dict[Key, Found]:
        self.asked.append(dimension.name)
        if dimension.name in self.hangs:
            await asyncio.Event().wait()
        if dimension.name in self.away:
            raise OSError("refused")
        rows = dict(reader.read([row[c] for c in reader.columns]) for row in self.tables[dimension.table])
        return {key: rows[key] for key in keys if key in rows}


def joiner(database: Database, declared: Dimensions | None = None) -> Joiner:
    declared = declared or load_dimensions()
    clock = SystemClock()
    lookups = {
        each.name: Lookup(
            each.name,
            partial(database.fetch, each, RowReader(each, declared.carried(each.name))),
            DimensionCache(each.size, each.ttl_seconds, each.negative_ttl_seconds),
            Patience(query=60, pause=0),
            clock,
            lambda dimension, error: None,
        )
        for each in declared.dimensions
    }
    return Joiner(declared, lookups, clock)


def event(**fields: Any) -> Event:
    given: dict[str, Any] = {"event_id": "e", "tenant_id": "one", "scenario_id": "home", "user_id": "ü"}
    return Event(
        **{**given, "action_type": Action.CUSTOM, "timestamp": 1000, "received_at": 1001, "event_name": "n", **fields}
    )


async def joined(events: list[Event], database: Database, **options: Any) -> list[dict[str, Any]]:
    lines = [positioned(each, 7, 3, offset) for offset, each in enumerate(events)]
    result = await joiner(database, options.get("declared")).join(lines, options.get("timeout", 60.0))
    assert result.keys == [each.user_id.encode() for each in events]
    decoder = EventDecoder(EnrichedEvent)
    assert all(isinstance(decoder.decode(value, 0), EnrichedEvent) for value in result.values)
    bodies: list[dict[str, Any]] = [json.loads(value) for value in result.values]
    for body, line in zip(bodies, lines, strict=True):
        sent = json.loads(line)
        sent.pop("extra_data", None)
        assert sent.items() <= body.items(), "what was sent is unchanged"
    return bodies


def dimensions_of(body: dict[str, Any]) -> dict[str, Any]:
    prefixes = ("product_", "category_", "geo_", "scenario_name", "dim_missing")
    return {name: value for name, value in body.items() if name.startswith(prefixes)}


FULL = {
    **{"product_name": "one-i", "product_brand": "b", "product_price": 2.0},
    **{f"category_{level}": f"one level {level}" for level in (1, 2, 3)},
    "scenario_name": "Home",
}


async def test_every_dimension_is_joined_and_the_position_is_kept() -> None:
    berlin = Context(location="DE-BE/Berlin")
    (body,) = await joined([event(item_id="i", context=berlin)], Database(TABLES))
    assert dimensions_of(body) == {**FULL, "geo_country": "Germany", "geo_city": "Berlin"}
    assert (body["_epoch"], body["_partition"], body["_offset"]) == (7, 3, 0)


async def test_tenants_with_equal_ids_get_their_own_rows() -> None:
    one, two = await joined([event(item_id="i"), event(item_id="i", tenant_id="two")], Database(TABLES))
    assert (one["product_name"], two["product_name"]) == ("one-i", "two-i")
    assert (one["category_1"], two["category_1"]) == ("one level 1", "two level 1")
    assert "dim_missing" not in one
    assert two["dim_missing"] == ["scenario"]
    assert "scenario_name" not in two


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, None),  # no item, no place: nothing to join
        ({"item_id": ""}, None),
        ({"item_id": "uncategorised"}, None),
        ({"item_id": "nowhere"}, ["product", "category"]),
        ({"item_id": "orphan"}, ["category"]),
        ({"item_id": "broken"}, ["category"]),
        ({"context": Context(location="XX")}, ["geo"]),
        ({"context": Context(os="x")}, None),
        ({"scenario_id": "Home"}, ["scenario"]),
        ({"item_id": "nowhere", "context": Context(location="XX")}, ["product", "category", "geo"]),
    ],
)
async def test_what_could_not_be_joined_is_named(fields: dict[str, Any], missing: list[str] | None) -> None:
    (body,) = await joined([event(**fields)], Database(TABLES))
    assert body.get("dim_missing") == missing


async def test_levels_that_are_known_stay_when_one_above_is_not() -> None:
    (body,) = await joined([event(item_id="broken")], Database(TABLES))
    assert body["category_3"] == "lonely"
    assert "category_2" not in body


def _category(name: str, level: int, parent: str | None) -> dict[str, Any]:
    return {"tenant_id": "one", "category_id": name, "parent_id": parent, "level": level, "name": name}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([("c3", 2, "b"), ("b", 1, None)], {"category_1": "b", "category_2": "c3"}, id="begins lower"),
        pytest.param([("c3", 1, "c3")], {"category_1": "c3"}, id="the top's parent is nobody's business"),
        pytest.param([("c3", 3, "c3")], {"category_3": "c3", "dim_missing": ["category"]}, id="its own parent"),
        pytest.param(
            [("c3", 3, "b"), ("b", 2, "c3")],
            {"category_3": "c3", "category_2": "b", "dim_missing": ["category"]},
            id="a circle",
        ),
        pytest.param(
            [("c3", 3, "b"), ("b", 3, "a"), ("a", 1, None)],
            {"category_3": "c3", "dim_missing": ["category"]},
            id="parent on the same level",
        ),
        pytest.param(
            [("c3", 3, "a"), ("a", 1, None)], {"category_3": "c3", "dim_missing": ["category"]}, id="a level left out"
        ),
        pytest.param(
            [("c3", 2, "b"), ("b", 3, "a"), ("a", 1, None)],
            {"category_2": "c3", "dim_missing": ["category"]},
            id="downwards",
        ),
        pytest.param(
            [("c3", 3, "b"), ("b", 2, None)],
            {"category_3": "c3", "category_2": "b", "dim_missing": ["category"]},
            id="no parent below the top",
        ),
    ],
)
async def test_a_parent_stands_one_level_up_or_the_way_breaks_off_there(
    rows: list[tuple[str, int, str | None]], expected: dict[str, Any]
) -> None:
    categories = [_category(*row) for row in rows]
    (body,) = await joined([event(item_id="i")], Database({**TABLES, "dim_category": categories}))
    found = dimensions_of(body)
    assert {name: found[name] for name in found if name.startswith(("category_", "dim_missing"))} == expected


async def test_no_field_is_written_twice_whatever_the_parents_are() -> None:
    names = ("c3", "x", "y")
    trees = list(product(product((1, 2, 3), repeat=3), product((*names, None), repeat=3)))
    tenants = [str(number) for number in range(len(trees))]
    categories = [
        {**_category(*row), "tenant_id": tenant}
        for tenant, (levels, parents) in zip(tenants, trees, strict=True)
        for row in zip(names, levels, parents, strict=True)
    ]
    (named, *_) = TABLES["dim_product"]
    products = [{**named, "tenant_id": tenant} for tenant in tenants]
    database = Database({**TABLES, "dim_product": products, "dim_category": categories})
    lines = [positioned(event(item_id="i", tenant_id=tenant), 7, 3, 0) for tenant in tenants]
    for tree, value in zip(trees, (await joiner(database).join(lines, 60.0)).values, strict=True):
        body: list[tuple[str, Any]] = json.loads(value, object_pairs_hook=list)
        fields = [name for name, _ in body]
        assert len(fields) == len(set(fields)), tree


async def test_a_micro_batch_asks_once_a_dimension_and_level() -> None:
    database = Database(TABLES)
    events = [event(item_id="i", tenant_id=t, context=Context(location="DE-BE/Berlin")) for t in ("one", "two")] * 500
    await joined(events, database)
    assert sorted(database.asked) == ["category", "category", "category", "geo", "product", "scenario"]


async def test_one_dimension_away_leaves_the_others_alone() -> None:
    database = Database(TABLES)
    database.away = {"product"}
    (body,) = await joined([event(item_id="i", context=Context(location="DE-BE/Berlin"))], database)
    assert body["dim_missing"] == ["product", "category"]
    assert (body["geo_city"], body["scenario_name"]) == ("Berlin", "Home")


async def test_one_that_hangs_takes_the_time_there_is_and_none_of_the_others_waits_for_it() -> None:
    database = Database(TABLES)
    database.hangs = {"product"}
    async with asyncio.timeout(10):
        (body,) = await joined([event(item_id="i")], database, timeout=0.05)
    assert body["dim_missing"] == ["product", "category"]
    assert body["scenario_name"] == "Home"


async def test_without_any_dimension_every_event_comes_out_and_says_so() -> None:
    join = joiner(Database(TABLES))
    lines = [positioned(event(), 1, 2, offset) for offset in range(3)]
    result = join.without(lines)
    assert [json.loads(value)["_offset"] for value in result.values] == [0, 1, 2]
    assert json.loads(result.values[0])["dim_missing"] == ["product", "category", "geo", "scenario"]
    assert (join.counts.gave_up, join.counts.missing["geo"]) == (1, 3)


async def test_nothing_in_nothing_out() -> None:
    result = await joiner(Database(TABLES)).join([], 1.0)
    assert (result.keys, result.values) == ([], [])


STORES = """
dimensions:
  - name: store
    table: dim_store
    key: {tenant_id: tenant_id, store: channel}
    columns: {city: extra_data.store_city, floors: extra_data.floors}
"""


async def test_columns_without_a_field_of_their_own_go_to_extra_data(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(STORES)
    declared = load_dimensions(tmp_path / "d.yaml")
    database = Database({"dim_store": [{"tenant_id": "one", "store": "s", "city": "Köln", "floors": 2}]})
    own = {"a": 1.50, "store_city": "the client's"}
    full = {"a": "x" * (EXTRA_DATA_LIMIT - 20)}
    plain, merged, too_large = await joined(
        [
            event(channel="s"),
            event(channel="s", extra_data=raw(own)),
            event(channel="s", extra_data=raw(full)),
        ],
        database,
        declared=declared,
    )
    assert plain["extra_data"] == {"store_city": "Köln", "floors": 2}
    assert merged["extra_data"] == {"a": 1.5, "store_city": "Köln", "floors": 2}
    assert too_large["extra_data"] == full
    assert too_large["dim_missing"] == ["store"]


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
