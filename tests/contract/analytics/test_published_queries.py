"""The four published queries, corrected as docs/adr says, give what the service answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from tests.contract.analytics.service import Client
from tests.contract.analytics.stored import Stored, traffic
from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("stored")]

# Full days: the published marts are by hour and day.
FIRST = datetime.fromtimestamp(traffic().start_ms / 1000, UTC).replace(hour=0, minute=0) - timedelta(days=1)
LAST = FIRST + timedelta(days=5)
PERIOD = {"tenant_id": "aurora", "start_time": FIRST.isoformat(), "end_time": LAST.isoformat(), "time_zone": "UTC"}
BOUND = {"tenant_id": "aurora", "scenario_id": "home", "first": f"{FIRST:%Y-%m-%d}", "last": f"{LAST:%Y-%m-%d}"}

DASHBOARD = """
SELECT
    sum(impressions) AS total_recommendations,
    sum(clicks) AS total_clicks,
    if(total_recommendations = 0, 0, total_clicks * 100.0 / total_recommendations) AS ctr,
    sum(conversions) AS total_conversions,
    if(total_recommendations = 0, 0, total_conversions * 100.0 / total_recommendations) AS conversion_rate,
    uniqExactMerge(active_users) AS active_users
FROM metrics_hourly_states
WHERE tenant_id = {tenant_id:String} AND scenario_id = {scenario_id:String}
    AND date >= {first:Date} AND date < {last:Date}
"""
TREND = """
SELECT
    toStartOfHour(timestamp, 'UTC') AS hour,
    countIf(action_type = 'impression') AS impressions,
    countIf(action_type = 'click') AS clicks,
    if(impressions = 0, 0, clicks * 100.0 / impressions) AS ctr
FROM user_behaviors
WHERE tenant_id = {tenant_id:String} AND scenario_id = {scenario_id:String}
    AND date >= {first:Date} AND date < {last:Date}
GROUP BY hour
ORDER BY hour
"""
TOP_ITEMS = """
SELECT
    item_id,
    sum(s.impressions) AS total_impressions,
    sum(s.clicks) AS total_clicks,
    if(total_impressions = 0, 0, total_clicks * 100.0 / total_impressions) AS ctr
FROM item_stats_daily AS s
WHERE tenant_id = {tenant_id:String} AND scenario_id = {scenario_id:String}
    AND date >= {first:Date} AND date < {last:Date}
GROUP BY item_id
ORDER BY total_clicks DESC, item_id
LIMIT 10
"""
FUNNEL = """
SELECT
    toString(action_type) AS action,
    uniqExact(user_id) AS users,
    users * 100.0 / (
        SELECT uniqExact(user_id) FROM user_behaviors
        WHERE tenant_id = {tenant_id:String} AND scenario_id = {scenario_id:String}
            AND date >= {first:Date} AND date < {last:Date}
    ) AS rate
FROM user_behaviors
WHERE tenant_id = {tenant_id:String} AND scenario_id = {scenario_id:String}
    AND date >= {first:Date} AND date < {last:Date}
GROUP BY action_type
ORDER BY action_type
"""


@pytest.fixture
def rows(clickhouse: ServerProcess, request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    url = {"database": "shop", "default_format": "JSONEachRow", "output_format_json_quote_64bit_integers": "0"}
    parameters = url | {f"param_{name}": value for name, value in BOUND.items()}
    answer = httpx.post(clickhouse.url, params=parameters, content=request.param, timeout=60)
    assert answer.status_code == 200, answer.text
    return [msgspec.json.decode(line) for line in answer.content.splitlines()]


@pytest.mark.parametrize("rows", [DASHBOARD], indirect=True, ids=["dashboard"])
def test_dashboard(rows: list[dict[str, Any]], client: Client, stored: Stored) -> None:
    (row,) = rows
    found = client.get("dashboard", scenario_id="home", **PERIOD)["overview"]
    assert {name: found[name] for name in row} == pytest.approx(row)
    assert row["active_users"] == stored.answers.place("aurora", "home").unique_users


@pytest.mark.parametrize("rows", [TREND], indirect=True, ids=["trend"])
def test_trend(rows: list[dict[str, Any]], client: Client) -> None:
    found = client.get("trend", scenario_id="home", granularity="hour", **PERIOD)["trends"]
    series = {each["metric_name"]: {at["timestamp"]: at["value"] for at in each["points"]} for each in found}
    assert len(rows) > 24
    for row in rows:
        at = row["hour"].replace(" ", "T") + "Z"
        assert {name: series[name][at] for name in ("impressions", "clicks", "ctr")} == pytest.approx(
            {name: row[name] for name in ("impressions", "clicks", "ctr")}
        )
    assert sum(bool(value) for value in series["impressions"].values()) == sum(bool(row["impressions"]) for row in rows)


@pytest.mark.parametrize("rows", [TOP_ITEMS], indirect=True, ids=["items"])
def test_items(rows: list[dict[str, Any]], client: Client) -> None:
    found = client.get("items", scenario_id="home", **PERIOD)["distribution"]
    assert len(found) == 10
    assert [(item["label"], item["impressions"], item["clicks"]) for item in found] == [
        (row["item_id"], row["total_impressions"], row["total_clicks"]) for row in rows
    ]
    assert [item["ctr"] for item in found] == pytest.approx([row["ctr"] for row in rows])


@pytest.mark.parametrize("rows", [FUNNEL], indirect=True, ids=["funnel"])
def test_funnel(rows: list[dict[str, Any]], client: Client) -> None:
    found = client.get("behavior", scenario_id="home", **PERIOD)["actions"]
    assert [(each["action_type"], each["users"]) for each in found if each["users"]] == [
        (row["action"], row["users"]) for row in rows
    ]
    assert [each["rate"] for each in found if each["users"]] == pytest.approx([row["rate"] for row in rows])
