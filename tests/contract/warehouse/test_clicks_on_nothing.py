"""Clicks on no item, which are custom events called `click`, count as clicks where pages are looked at."""

import json

import pytest

from analytics.question import question
from tests.contract.warehouse.warehouse import Warehouse, month_end

pytestmark = pytest.mark.net


def filled(text: str, given: dict[str, str]) -> str:
    """A question of the analytics, of everything."""
    for name, value in given.items():
        text = text.replace(name, value) if name.startswith("$") else text.replace(f"{{{name}:String}}", f"'{value}'")
    return text


def test_heatmaps_and_elements_count_them_with_the_others(own: Warehouse) -> None:
    at = f"{month_end()} 12:00:00.000"
    page = {"tenant_id": "t", "scenario_id": "s", "user_id": "u", "url": "https://shop.example/a", "timestamp": at}
    click = {**page, "x": 45, "y": 5, "element_id": "buy", "viewport_width": 1300}
    rows = [
        {**click, "event_id": "1", "action_type": "click", "item_id": "i", "event_name": "click"},
        {**click, "event_id": "2", "action_type": "custom", "event_name": "click"},
        {**click, "event_id": "3", "action_type": "custom", "event_name": "coupon"},
        {**click, "event_id": "4", "action_type": "view", "item_id": "i", "event_name": "click"},
    ]
    own.query("INSERT INTO user_behaviors_local FORMAT JSONEachRow", "\n".join(map(json.dumps, rows)).encode())
    asked = "SELECT action_type, cell_x, cell_y, viewport, toUInt32(events) FROM heatmap ORDER BY action_type"
    assert own.lists(asked) == [["click", 2, 0, 1280, 2], ["custom", 2, 0, 1280, 1], ["view", 2, 0, 1280, 1]]
    for name, of in (("heatmap", "user_behaviors"), ("heatmap_mart", "page_activity_states")):
        for action, events in (("click", 2), ("custom", 1)):
            given = {"${events}": of, "${pages}": of, "path": "/a", "action": action, "host": ""}
            assert own.lists(filled(question(name).text, given)) == [[1280, 2, 0, events]], (name, action)
    assert own.lists("SELECT element_id, toUInt32(events), toUInt32(clicks) FROM elements") == [["buy", 4, 2]]
