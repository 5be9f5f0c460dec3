"""The one place where a tenant is bound."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.period import Period
from analytics.question import FOLDER, Question, question, written
from analytics.questions.funnel import Breakdown, _question
from analytics.scope import Scope
from clickstream.errors import ContractError

PERIOD = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), ZoneInfo("UTC"))
SCOPE = Scope("aurora", None, PERIOD)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.stem)
def test_every_file_reads_only_what_is_bound(path: Path) -> None:
    sql, bound = question(path.stem).render(SCOPE)
    assert sql.count("tenant_id = {tenant_id:String}") >= 1
    assert sql.count("FROM user_behaviors ") + sql.count("_states ") == sql.count("tenant_id = {tenant_id:String}")
    assert bound["tenant_id"] == "aurora"


@pytest.mark.parametrize("breakdown", Breakdown)
def test_funnels_read_only_what_is_bound(breakdown: Breakdown) -> None:
    sql, _ = _question((False, True, False), breakdown).render(SCOPE)
    assert sql.count("FROM user_behaviors ") == sql.count("tenant_id = {tenant_id:String}") == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count() FROM user_behaviors",
        "SELECT count() FROM ${events} JOIN user_behaviors USING user_id",
        "SELECT count() FROM ${events}, user_behaviors",
        "SELECT count() FROM ${events} AS e , other",
        "SELECT (SELECT count() from default.metrics_hourly_states) FROM ${events}",
        "SELECT 1 FROM ${events} WHERE user_id IN (SELECT user_id FROM\n users)",
        "SELECT * FROM remote('127.0.0.1', default.user_behaviors)",
        "SELECT * FROM (SELECT * FROM merge('default', '.*'))",
        "SELECT dictGet('user_profiles_now', 'segment', user_id) FROM ${events}",
        "SELECT * FROM system.query_log",
        "SELECT * FROM ${everything}",
        "SELECT * FROM /* ${events} */ `user_behaviors`",
    ],
)
def test_a_question_that_reads_by_name_cannot_be_made(text: str) -> None:
    with pytest.raises(ContractError):
        Question("wrong", text)


def test_names_made_in_the_question_itself_can_be_read() -> None:
    Question("right", "WITH seen AS (SELECT user_id FROM ${events}) SELECT count() FROM seen")


def test_the_scenario_is_bound_where_one_is_named() -> None:
    sql, bound = question("totals").render(Scope("aurora", "home", PERIOD))
    assert "scenario_id = {scenario_id:String}" in sql
    assert bound["scenario_id"] == "home"
    assert "scenario_id" not in question("totals").render(SCOPE)[0]


def test_parameters_are_escaped_as_clickhouse_reads_them() -> None:
    assert written({"a": "x\\y\t'z\n", "b": ("it's", "a\\b"), "c": 5}) == {
        "a": "x\\\\y\\t'z\\n",
        "b": "['it\\'s','a\\\\b']",
        "c": "5",
    }
