"""Every mart equals the raw rows at its edges: of widths, cells, quarters of an hour, and of what counts as what."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.contract.warehouse.questions import QUESTIONS
from tests.contract.warehouse.test_marts import plain
from tests.contract.warehouse.warehouse import Warehouse, month_end

pytestmark = pytest.mark.net

WIDTHS = (-1, 0, 479, 480, 767, 768, 1023, 1024, 1279, 1280, 1919, 1920)
CELLS = ((0, 0), (19, 19), (20, 39), (0, -1), (-1, 0), (-1, -1))
TIMES = ("00:00:00.000", "00:14:59.999", "00:15:00.000", "11:59:59.999", "12:00:00.000", "23:45:00.000", "23:59:59.999")
WATCHED = ((0, 0.0), (5, 0.0), (0, 0.5), (5, 1.0))
PAGE = "https://shop.example/a?b=c#d"
# Visits by what was done in them, in order.
VISITS: dict[str, tuple[str, ...]] = {
    "a page": ("pageview",),
    "a page and something": ("pageview", "custom"),
    "a page with a list": ("pageview", "impression", "impression"),
    "a page and a click": ("pageview", "click"),
    "two pages": ("pageview", "pageview"),
    "no page": ("impression",),
    "something without a page": ("custom",),
    "items": ("view", "view", "view"),
}


def rows() -> Iterator[dict[str, Any]]:
    """One row at each edge."""
    numbers = count()

    def row(action: str, at: str = "13:00:00.000", /, days: int = 0, **fields: Any) -> dict[str, Any]:
        made = {"event_id": f"e{next(numbers)}", "tenant_id": "t", "scenario_id": "home", "user_id": "u"}
        day = month_end() + timedelta(days=days)
        return {**made, "action_type": action, "event_name": action, "timestamp": f"{day} {at}", **fields}

    for number, width in enumerate(WIDTHS):
        for x, y in CELLS:
            element = f"#{number}" if x else ""
            title = "B" if number % 2 else "A"
            yield row("click", x=x, y=y, viewport_width=width, url=PAGE, element_id=element, title=title)
    for user, at in enumerate(TIMES):
        yield row("view", at, user_id=f"u{user}", item_id=f"i{user}")
        yield row("order", at, days=user % 3, user_id=f"u{user}", scenario_id="cart", item_id="i")
    for group, (seconds, share) in enumerate(WATCHED):
        for number in range(group + 1):
            watching: dict[str, Any] = {"watch_duration": seconds, "completion_rate": share, "experiment_id": "x"}
            who: dict[str, Any] = {"user_id": f"w{number}", "item_id": f"w{group}", "experiment_group": f"g{group % 2}"}
            yield row(("view", "add_cart", "order", "click")[number], **watching, **who)
    for visit, actions in VISITS.items():
        for number, action in enumerate(actions):
            at = f"14:00:{59 - number:02}.000"  # they come in the other order
            yield row(action, at, session_id=visit, item_id=f"i{number}", url=f"https://shop.example/{number}")
    for number in range(4):  # a visit over midnight and two places
        place = ("home", "search")[number % 2]
        at = f"{(23, 0)[number // 2]:02}:59:0{number}.000"
        yield row(
            "pageview", at, days=number // 2, session_id="late", scenario_id=place, url=f"https://s.example/{number}"
        )
    for place, clicks in (("home", 1), ("search", 3)):  # equal slots, unequal rates
        for position in (0, 1):
            slot: dict[str, Any] = {
                "scenario_id": place,
                "position": position,
                "item_id": f"p{position}",
                "request_id": f"r-{place}",
            }
            for number in range(4):
                yield row("impression", f"15:00:0{number}.000", **slot)
            for number in range(clicks + position):
                yield row("click", f"15:01:0{number}.000", **slot)


@pytest.fixture(scope="module")
def edged(engine: Any) -> Iterator[Warehouse]:
    """All of them, in inserts of fifty rows. Tests only read it."""
    warehouse = Warehouse(engine, "warehouse_edges")
    made = list(rows())
    for at in range(0, len(made), 50):
        body = "\n".join(map(json.dumps, made[at : at + 50])).encode()
        warehouse.query("INSERT INTO user_behaviors_local FORMAT JSONEachRow", body)
    yield warehouse
    warehouse.drop()


@pytest.mark.parametrize("mart", QUESTIONS)
def test_at_its_edges_a_mart_equals_the_raw_rows(edged: Warehouse, mart: str) -> None:
    of_mart, of_raw = (plain(edged.lists(sql)) for sql in QUESTIONS[mart])
    assert of_raw, "the question has no answer: it shows nothing"
    assert of_mart == of_raw


def test_a_click_after_midnight_is_told_apart_from_its_impression_of_the_day_before(own: Warehouse) -> None:
    slot = {"tenant_id": "t", "scenario_id": "s", "user_id": "u", "item_id": "i", "request_id": "r", "position": 1}
    day, next_day = month_end(), month_end() + timedelta(days=1)
    steps = (("impression", f"{day} 23:59:59.000"), ("click", f"{next_day} 00:00:03.000"))
    for number, (action, at) in enumerate(steps):
        row = {**slot, "event_id": f"e{number}", "action_type": action, "timestamp": at}
        own.query("INSERT INTO user_behaviors_local FORMAT JSONEachRow", json.dumps(row).encode())
    found = own.rows("SELECT date, impressions, clicks FROM exposures ORDER BY date")
    assert plain([list(row.values()) for row in found]) == [[f"{day}", "1", "0"], [f"{next_day}", "0", "1"]]
