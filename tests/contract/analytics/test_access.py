"""Nobody reaches another tenant's rows, and what is refused is said."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from analytics.period import period
from analytics.question import Question
from analytics.scope import Scope
from analytics.warehouse import Warehouse
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.errors import ConfigurationError, UnavailableError
from tests.contract.analytics.conftest import TENANTS
from tests.contract.analytics.service import Client
from tests.contract.analytics.stored import Stored
from tests.contract.analytics.test_numbers import BEGIN, END, EVERYTHING
from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = pytest.mark.net

# Every question to ClickHouse, with what it cannot do without.
PATHS: dict[str, dict[str, str]] = {
    "dashboard": {},
    "trend": {},
    "items": {},
    "behavior": {},
    "funnel": {},
    "retention": {},
    "paths": {},
    "heatmap": {"page_path": "/home"},
    "experiments": {},
    "choices": {},
}
# What else they take as text, and what of an answer is empty where nothing has that value.
TEXTS = {
    "paths": (("start",), "links"),
    "heatmap": (("page_path", "page_host"), "viewports"),
    "experiments": (("experiment_id",), "experiments"),
}
# What might break out of a value, if it were pasted.
ATTACKS = (
    "aurora' OR 1=1 --",
    "aurora') OR tenant_id = 'borealis",
    "\\' OR 1=1 --",
    "{tenant_id:String}",
    "borealis\\",
    "%' OR '1'='1",
    "${events}",
    "\t\n\r\\N",
)


@pytest.fixture(scope="module")
def aurora(address: str, tokens: dict[str, str]) -> Iterator[Client]:
    with Client(address, tokens["aurora"]) as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
def test_a_tenants_token_reads_its_own_rows_alone(aurora: Client, client: Client, path: str) -> None:
    asked = EVERYTHING | PATHS[path]
    mine = aurora.get(path, **asked)
    assert mine == client.get(path, tenant_id="aurora", **asked)
    assert mine != client.get(path, tenant_id="borealis", **asked)
    for other in ("borealis", "cascade", *ATTACKS):
        assert aurora.refused(path, tenant_id=other, **asked)[0] == 403


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("path", PATHS)
def test_no_value_of_a_parameter_widens_what_is_read(aurora: Client, path: str, attack: str) -> None:
    asked = EVERYTHING | PATHS[path]
    nothing = aurora.get(path, scenario_id="nobody's", **asked)
    assert aurora.get(path, scenario_id=attack, **asked) == nothing
    names, empty = TEXTS.get(path, ((), ""))
    for name in names:
        assert aurora.get(path, **(asked | {name: attack}))[empty] == []
    if path == "funnel" and "," not in attack and attack.strip():
        assert aurora.get(path, steps=attack, **EVERYTHING)["steps"][0]["users"] == 0
        assert aurora.get(path, steps=f"page:{attack}", **EVERYTHING)["steps"][0]["users"] == 0


@pytest.mark.parametrize("path", PATHS)
def test_parameters_that_there_are_not_change_nothing(aurora: Client, path: str) -> None:
    asked = EVERYTHING | PATHS[path]
    others = dict.fromkeys(("param_tenant_id", "tenant", "additional_table_filters", "query"), "borealis")
    assert aurora.get(path, **asked, **others) == aurora.get(path, **asked)


async def test_a_parameter_of_a_question_cannot_replace_the_tenant(
    clickhouse: ServerProcess, stored: Stored, settings: AnalyticsSettings
) -> None:
    warehouse = Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), settings)
    scope = Scope("aurora", None, period(BEGIN.isoformat(), END.isoformat(), ZoneInfo("UTC"), END))
    try:
        rows = await warehouse.ask(
            scope, Question("tenants", "SELECT DISTINCT tenant_id FROM ${events}"), tenant_id="borealis"
        )
        assert rows == [{"tenant_id": "aurora"}]
    finally:
        await warehouse.close()


@pytest.mark.parametrize("path", PATHS)
def test_who_shows_no_token_or_a_wrong_one_or_lacks_the_role(address: str, tokens: dict[str, str], path: str) -> None:
    for token, status in ((None, 401), ("cs_guess", 401), (tokens["admin only"], 403)):
        with Client(address, token) as client:
            assert client.refused(path, tenant_id="aurora", **PATHS[path])[0] == status


def test_a_token_for_several_tenants_must_name_one(client: Client) -> None:
    status, said = client.refused("dashboard")
    assert status == 422
    assert all(tenant in said for tenant in TENANTS)


@pytest.mark.parametrize(
    ("path", "parameters", "said"),
    [
        ("trend", {"start_time": "soon"}, "start_time"),
        ("trend", {"start_time": "2026-01-02", "end_time": "2026-01-01"}, "not before"),
        ("trend", {"start_time": "2025-01-01", "end_time": "2026-08-01"}, "400 days"),
        ("trend", {"time_zone": "Mars/Olympus"}, "time_zone"),
        ("trend", {"start_time": "2026-01-01", "end_time": "2026-06-01", "granularity": "hour"}, "by hour"),
        ("trend", {"granularity": "year"}, "hour"),
        ("items", {"limit": "0"}, "greater"),
        ("funnel", {"steps": ",".join("abcdefghijk")}, "steps"),
        ("funnel", {"steps": "click,,order"}, "steps"),
        ("funnel", {"window_seconds": "0"}, "greater"),
    ],
)
def test_a_wrong_parameter_is_named(client: Client, path: str, parameters: dict[str, str], said: str) -> None:
    status, told = client.refused(path, tenant_id="aurora", **parameters)
    assert status == 422
    assert said in told


def test_health_needs_no_token(address: str) -> None:
    with Client(address, None) as client:
        assert client.http.get("/healthz").json() == {"status": "ok"}
        assert client.http.get("/readyz").json() == {"status": "ok"}


def test_several_shards_without_a_cluster_are_refused(settings: AnalyticsSettings) -> None:
    with pytest.raises(ConfigurationError, match="CLUSTER_NAME"):
        Warehouse(ClickHouseSettings(urls="http://127.0.0.1:1;http://127.0.0.1:2"), settings)


async def test_a_node_that_does_not_answer_is_passed_over(
    clickhouse: ServerProcess, stored: Stored, settings: AnalyticsSettings
) -> None:
    warehouse = Warehouse(ClickHouseSettings(urls=f"http://127.0.0.1:1/shop,{clickhouse.url}/shop"), settings)
    alone = Warehouse(ClickHouseSettings(urls="http://127.0.0.1:1/shop"), settings)
    try:
        await warehouse.alive()
        with pytest.raises(UnavailableError, match="127.0.0.1:1"):
            await alone.alive()
    finally:
        await warehouse.close()
        await alone.close()


@pytest.mark.parametrize(
    ("path", "asked", "code", "parameters"),
    [
        ("trend", {"start_time": "soon"}, "time_malformed", {"name": "start_time", "text": "soon"}),
        ("trend", {"time_zone": "Moon/Base"}, "time_zone_unknown", {"name": "Moon/Base"}),
        ("trend", {"start_time": "2020-01-01", "end_time": "2026-01-01"}, "period_too_long", {"days": 400}),
        (
            "trend",
            {"granularity": "hour", "start_time": "2025-01-01", "end_time": "2025-09-01"},
            "period_too_long_by_hour",
            {"days": 62},
        ),
        ("retention", {"start_time": "2025-01-01", "end_time": "2025-09-01"}, "period_too_long_by_day", {"days": 92}),
        ("funnel", {"steps": ",".join("abcdefghijk")}, "steps_number", {"count": 11, "most": 10}),
    ],
)
def test_what_is_refused_has_a_code_that_a_page_can_say_in_its_language(
    aurora: Client, path: str, asked: dict[str, str], code: str, parameters: dict[str, str | int]
) -> None:
    answer = aurora.http.get(f"/api/v1/analytics/{path}", params=asked)
    assert (answer.status_code, answer.json()["code"], answer.json()["parameters"]) == (422, code, parameters)


def test_a_store_that_is_not_there_has_a_code_too(aurora: Client) -> None:
    for path, code in (("hot", "redis_not_set"), ("dead-letters", "kafka_not_set")):
        answer = aurora.http.get(f"/api/v1/analytics/{path}", params={"scenario_id": "home"})
        assert (answer.status_code, answer.json()["code"], answer.json()["parameters"]) == (503, code, {})
        assert "is not set" in answer.json()["detail"]
