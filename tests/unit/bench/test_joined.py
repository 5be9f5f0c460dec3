"""The naive join that DWD records are held against."""

from bench.jobs.joined import Tables

TABLES = Tables(
    products={
        ("t", "lamp"): ("Lamp", "Lux", 12.5, "c2"),
        ("t", "odd"): ("Odd", "", 1, "gone"),
        ("t", "bare"): ("B", "", 1, None),
    },
    categories={("t", "c2"): ("Lamps", 2, "c1"), ("t", "c1"): ("Home", 1, None)},
    places={("DE-BE/Berlin",): ("Germany", "Berlin", "Berlin")},
    scenarios={("t", "home"): ("Home page",)},
)
EVENT = {"tenant_id": "t", "scenario_id": "home"}
LAMP = {
    "product_name": "Lamp",
    "product_brand": "Lux",
    "product_price": 12.5,
    "category_1": "Home",
    "category_2": "Lamps",
}


def test_an_event_gets_its_product_and_all_levels_above_it() -> None:
    assert TABLES.added({**EVENT, "item_id": "lamp"}) == {**LAMP, "scenario_name": "Home page", "dim_missing": set()}


def test_what_is_not_there_is_missing_and_what_does_not_apply_is_not() -> None:
    assert TABLES.added({**EVENT, "item_id": "none"})["dim_missing"] == {"product", "category"}
    assert TABLES.added({**EVENT, "item_id": "odd"})["dim_missing"] == {"category"}
    assert TABLES.added({**EVENT, "item_id": "bare"})["dim_missing"] == set()
    assert TABLES.added({**EVENT, "context": {"location": "XX"}})["dim_missing"] == {"geo"}
    assert TABLES.added({**EVENT, "tenant_id": "u"})["dim_missing"] == {"scenario"}
    assert TABLES.added({**EVENT, "context": {"os": "x"}})["dim_missing"] == set()
