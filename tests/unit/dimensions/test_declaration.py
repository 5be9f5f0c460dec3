import pickle
from pathlib import Path

import pytest

from clickstream.dimensions import load_dimensions
from clickstream.dimensions.declaration import SHIPPED
from clickstream.dimensions.fields import JOINED_FIELDS, TEXT_FIELDS
from clickstream.errors import ConfigurationError

STORE = """
dimensions:
  - name: store
    table: dim_store
    key: {tenant_id: tenant_id, store_id: channel}
    columns: {city: extra_data.store_city, name: product_name}
"""


def load(folder: Path, text: str) -> None:
    path = folder / "dimensions.yaml"
    path.write_text(text)
    load_dimensions(path)


def test_the_shipped_ones_fill_every_field_that_joined_events_have() -> None:
    declared = load_dimensions()
    assert [dimension.name for dimension in declared.dimensions] == ["product", "category", "geo", "scenario"]
    outputs = [output for dimension in declared.dimensions for output in dimension.outputs]
    assert sorted(outputs) == sorted(JOINED_FIELDS)
    assert declared.carried("product") == ("category_id",)
    assert declared.event_fields == ("tenant_id", "item_id", "context.location", "scenario_id")
    assert pickle.loads(pickle.dumps(declared)) == declared


def test_fields_are_those_of_the_event() -> None:
    assert {"item_id", "context.location", "order_id"} <= set(TEXT_FIELDS)
    assert not {"timestamp", "x", "action_type", "extra_data", "context"} & set(TEXT_FIELDS)
    assert JOINED_FIELDS["product_price"] is True
    assert JOINED_FIELDS["category_3"] is False
    assert "dim_missing" not in JOINED_FIELDS


def test_a_new_dimension_needs_no_code(tmp_path: Path) -> None:
    load(tmp_path, STORE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("name: store", "name: Store"), r"matching regex.*dimensions\[0\]\.name"),
        (("name: store", "name: context"), "dimension context: the name is taken"),
        (("table: dim_store", ""), "missing required field `table`"),
        (("table:", "tables:"), "unknown field `tables`"),
        (("store_id: channel", "store_id: chanel"), "key column store_id comes from 'chanel'"),
        (("store_id: channel", "store_id: timestamp"), "key column store_id comes from 'timestamp'"),
        (("store_id: channel", "store_id: geo.store"), "comes from 'geo.store', which is neither"),
        (("tenant_id: tenant_id, ", ""), "tenants with equal ids would get each other's rows"),
        (("product_name", "event_id"), "no field 'event_id' for dimensions"),
        (("product_name", "extra_data."), "no field 'extra_data.'"),
        (("product_name", "extra_data.store_city"), "extra_data.store_city is set by store already"),
        (("product_name", "'category_{level}'"), r"\{level\} needs a parent"),
        (("city: extra", "city: 7, other: extra"), "Expected `str`, got `int`"),
        (("    columns", "    ttl_seconds: 0\n    columns"), r"dimensions\[0\]\.ttl_seconds"),
        (("    columns", "    size: many\n    columns"), r"Expected `int`, got `str`.*size"),
        (("    columns", "    parent: {column: p, level: l}\n    columns"), r"must hold \{level\}"),
        (("dimensions:", "dimensions: ["), "cannot be read"),
        (("{tenant_id: tenant_id, store_id: channel}", "{}"), "length >= 1.*key"),
    ],
)
def test_what_is_wrong_is_named_with_its_dimension_and_the_setting(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    assert change[0] in STORE
    with pytest.raises(ConfigurationError, match=says) as caught:
        load(tmp_path, STORE.replace(*change, 1))
    assert "CLICKSTREAM_DIMENSIONS_FILE" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    one = STORE.partition("dimensions:\n")[2]
    with pytest.raises(ConfigurationError, match="dimension store: the name is taken"):
        load(tmp_path, STORE + one)


def test_a_key_out_of_a_hierarchy_is_refused(tmp_path: Path) -> None:
    more = """
  - name: shelf
    table: shelf
    key: {tenant_id: tenant_id, shelf: category.name}
    columns: {a: extra_data.a}
"""
    with pytest.raises(ConfigurationError, match="category is a hierarchy"):
        load(tmp_path, SHIPPED.read_text() + more)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml cannot be read"):
        load_dimensions(tmp_path / "nowhere.yaml")
