"""Every mart equals the same question asked of the raw rows, over a month's end, with late rows and duplicates."""

import json
from typing import Any

import pytest

from tests.contract.warehouse.questions import QUESTIONS
from tests.contract.warehouse.warehouse import Warehouse, month_end, traffic

pytestmark = pytest.mark.net


def plain(rows: list[list[Any]]) -> list[list[Any]]:
    """Numbers of 64 bits come as text from some servers' settings."""
    return [[str(value) if isinstance(value, int | str) else value for value in row] for row in rows]


def test_the_traffic_has_what_can_go_wrong(filled: Warehouse) -> None:
    (found,) = filled.rows(
        "SELECT count() - uniqExact(event_id) AS duplicates, uniqExact(toYYYYMM(date)) AS months, "
        "uniqExact(date) AS days, countIf(received_at > timestamp + 60) AS late FROM user_behaviors"
    )
    parts = filled.numbers(
        "SELECT max(modification_time) > min(modification_time) OR count() > 2 FROM system.parts "
        "WHERE database = currentDatabase() AND table = 'user_behaviors_local'"
    )
    assert int(found["duplicates"]) > 100 and int(found["late"]) > 100, found
    assert found["months"] == 2 and found["days"] >= 4 and parts == [1], found


@pytest.mark.parametrize("mart", QUESTIONS)
def test_a_mart_equals_the_raw_rows(filled: Warehouse, mart: str) -> None:
    of_mart, of_raw = (plain(filled.lists(sql)) for sql in QUESTIONS[mart])
    assert of_raw, "the question has no answer: it shows nothing"
    assert of_mart == of_raw


def test_merged_parts_say_the_same(own: Warehouse) -> None:
    own.fill(traffic(9_000))
    for table in own.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%_state'"):
        own.query(f"OPTIMIZE TABLE {table['name']} FINAL")
    for mart, (of_mart, of_raw) in QUESTIONS.items():
        assert plain(own.lists(of_mart)) == plain(own.lists(of_raw)), mart


def test_an_insert_that_is_repeated_counts_once(own: Warehouse) -> None:
    row = {"event_id": "e", "tenant_id": "t", "scenario_id": "s", "user_id": "u", "item_id": "i", "action_type": "view"}
    row |= {"session_id": "v", "url": "https://shop.example/a", "timestamp": f"{month_end()} 12:00:00.000"}
    for _ in range(3):
        own.query(
            "INSERT INTO user_behaviors_local FORMAT JSONEachRow",
            json.dumps(row).encode(),
            insert_deduplication_token="again",
        )
    for mart, (of_mart, of_raw) in QUESTIONS.items():
        assert plain(own.lists(of_mart)) == plain(own.lists(of_raw)), mart
    assert own.numbers("SELECT sum(events) FROM metrics_hourly_states") == [1]


def test_a_slot_that_was_clicked_but_never_shown_has_a_rate_of_0(own: Warehouse) -> None:
    row: dict[str, Any] = {"event_id": "e", "tenant_id": "t", "scenario_id": "s", "user_id": "u", "item_id": "i"}
    row |= {"action_type": "click", "position": 3, "timestamp": f"{month_end()} 12:00:00.000"}
    own.query("INSERT INTO user_behaviors_local FORMAT JSONEachRow", json.dumps(row).encode())
    for mart, (of_mart, of_raw) in QUESTIONS.items():
        assert plain(own.lists(of_mart)) == plain(own.lists(of_raw)), mart
    assert own.rows("SELECT ctr FROM position_stats_daily WHERE position = 3") == [{"ctr": 0}]


EXTREMES: dict[str, list[Any]] = {
    "x": [-1, -(2**31), 2**31 - 1, 0],
    "y": [-1, 2**31 - 1, -(2**31), 0],
    "viewport_width": [-(2**31), 2**31 - 1, 0, 480],
    "position": [-(2**31), 2**31 - 1, 0, -1],
    "watch_duration": [-(2**31), 2**31 - 1, 0, 1],
    "completion_rate": [0, 1, 3.4e38, -3.4e38],
    "url": ["//", "\x00\x01", "http://[::1", "é" * 2048],
    "item_id": ["", "'", "\\", "\n"],
    "session_id": ["", "'", "\\", "\n"],
    "element_id": ["", "'", "\\", "#a > b"],
    "title": ["", "\x00", "😀", "a" * 2048],
    "experiment_id": ["", "'", "\\", "\n"],
    "timestamp": [
        "1970-01-01 00:00:00.000",
        "2099-12-31 23:59:59.999",
        "2026-02-28 23:59:59.999",
        "2024-02-29 00:00:00.000",
    ],
}


@pytest.mark.parametrize("action", range(1, 10))
def test_no_row_breaks_a_view(own: Warehouse, action: int) -> None:
    rows = [
        {"tenant_id": "t", "scenario_id": "", "user_id": "", "action_type": action}
        | {column: values[(shift + at) % len(values)] for at, (column, values) in enumerate(EXTREMES.items())}
        for shift in range(4)
    ]
    status, text = own.ask(
        "INSERT INTO user_behaviors_local FORMAT JSONEachRow", "\n".join(map(json.dumps, rows)).encode()
    )
    assert status == 200, text
    for mart in QUESTIONS:
        own.lists(QUESTIONS[mart][0])
