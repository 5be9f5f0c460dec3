"""What the shop sells is what the join finds in MySQL."""

from clickstream.lookup import HotItem
from clickstream.migrate.files import ddl_directory
from shop.catalogue import CATEGORIES, CREATIVES, PRODUCTS
from shop.ranking import ranked

SAMPLE = ddl_directory(None) / "mysql" / "sample" / "002_demo_shop.sql"


def test_every_item_has_its_row_in_the_sample() -> None:
    text = SAMPLE.read_text()
    for each in PRODUCTS.values():
        assert f"('aurora', '{each.item_id}', '{each.name}', 'Aurora', {each.price}, '{each.category}')" in text
    for creative in CREATIVES.values():
        assert f"('aurora', '{creative.item_id}', '{creative.text}', '', 0, NULL)" in text
    for category in CATEGORIES:
        assert f"('aurora', '{category}', NULL, 1, " in text
    assert text.count("('aurora', ") == 3 + len(CATEGORIES) + len(PRODUCTS) + len(CREATIVES)


def test_categories_and_creatives_name_what_is_there() -> None:
    assert {each.category for each in PRODUCTS.values()} == set(CATEGORIES)
    assert all(each.leads_to in PRODUCTS for each in CREATIVES.values())


def test_each_product_stands_in_the_list_once_the_hottest_first() -> None:
    hot = [HotItem("desk", 8.0, 1.0), HotItem("sold-out", 5.0, 1.0), HotItem("bench", 2.0, 1.0)]
    found = ranked(hot)
    assert [(each.product.item_id, each.score) for each in found[:2]] == [("desk", 8.0), ("bench", 2.0)]
    assert [each.product.item_id for each in found[2:]] == [item for item in PRODUCTS if item not in {"desk", "bench"}]
    assert all(each.score == 0 for each in found[2:])
