from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from clickstream.dimensions.declaration import Dimension, Parent, load_dimensions
from clickstream.dimensions.queries import quoted, select
from clickstream.dimensions.rows import Found, Key, RowError, RowReader

PRODUCT, CATEGORY = load_dimensions().dimensions[:2]


def read(dimension: Dimension, carried: tuple[str, ...] = (), **values: Any) -> tuple[Key, Found]:
    reader = RowReader(dimension, carried)
    return reader.read([values[column] for column in reader.columns])


def product(**values: Any) -> tuple[Key, Found]:
    row = {"tenant_id": "t", "item_id": "i", "product_name": "n", "product_brand": "b", "category_id": "c"}
    return read(PRODUCT, ("category_id",), **{**row, "product_price": Decimal("9.9900"), **values})


def test_a_row_is_rendered_as_members_of_the_event() -> None:
    key, found = product(product_name='a "b" ü')
    assert key == ("t", "i")
    assert found.members == ',"product_name":"a \\"b\\" ü","product_brand":"b","product_price":9.99}'.encode()[:-1]
    assert found.carried == {"category_id": "c"}


def test_null_is_left_out() -> None:
    _, found = product(product_name=None, product_brand=None, product_price=None, category_id=None)
    assert (found.members, found.carried) == (b"", {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"product_price": "cheap"}, "product_price holds no number"),
        ({"product_price": float("inf")}, "product_price holds inf"),
        ({"product_name": b"\xff"}, "product_name holds bytes"),
        ({"product_name": {1}}, "product_name holds a set"),
        ({"tenant_id": None}, "tenant_id holds a NoneType"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(RowError, match=says):
        product(**change)


def test_a_category_is_named_after_its_level_and_knows_its_parent() -> None:
    key, found = read(CATEGORY, tenant_id="t", category_id="c3", name="n", parent_id="c2", level=3)
    assert (key, found.parent, found.members) == (("t", "c3"), ("t", "c2"), b',"category_3":"n"')
    _, top = read(CATEGORY, tenant_id="t", category_id="c1", name="n", parent_id=None, level=1)
    assert (top.parent, top.members) == (None, b',"category_1":"n"')


@pytest.mark.parametrize("level", [0, 4, None, "3"])
def test_a_level_that_there_is_not_makes_the_row_unusable(level: object) -> None:
    with pytest.raises(RowError, match="levels go from 1 to 3"):
        read(CATEGORY, tenant_id="t", category_id="c", name="n", parent_id="p", level=level)


def test_extra_data_keeps_json_types_and_numbers_are_keys_as_text() -> None:
    columns = {name: f"extra_data.{name}" for name in ("size", "open", "since", "rating")}
    store = Dimension(name="store", table="s", key={"tenant_id": "tenant_id", "id": "channel"}, columns=columns)
    since = datetime(2026, 1, 2, 3, tzinfo=UTC)
    key, found = read(store, tenant_id="t", id=7, size=3, open=True, since=since, rating=Decimal("4.5"))
    assert key == ("t", "7")
    assert found.extra == {"size": 3, "open": True, "since": since.isoformat(), "rating": 4.5}
    assert found.members == b""


def test_the_query_quotes_names_and_binds_values() -> None:
    sql, arguments = select("shop.a`b", ["x", "100%"], ["k"], [("a'b",), ("%s",)])
    assert sql == "SELECT `x`, `100%%` FROM `shop`.`a``b` WHERE `k` IN (%s, %s)"
    assert arguments == ["a'b", "%s"]
    assert sql % (1, 2) == "SELECT `x`, `100%` FROM `shop`.`a``b` WHERE `k` IN (1, 2)"


def test_a_key_of_several_columns_is_compared_as_a_whole() -> None:
    sql, arguments = select("t", ["v"], ["a", "b"], [("1", "2"), ("3", "4")])
    assert sql == "SELECT `v` FROM `t` WHERE (`a`, `b`) IN ((%s, %s), (%s, %s))"
    assert arguments == ["1", "2", "3", "4"]


def test_a_backtick_cannot_end_a_name() -> None:
    assert quoted("x` OR `1") == "`x`` OR ``1`"


def test_columns_are_selected_once() -> None:
    store = Dimension(
        name="s", table="s", key={"id": "tenant_id"}, columns={"id": "category_{level}"}, parent=Parent("up", "id")
    )
    assert RowReader(store, ("id", "up")).columns == ("id", "up")
