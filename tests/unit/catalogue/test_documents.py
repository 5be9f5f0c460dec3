"""What the catalogue takes, and what it refuses and why."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from analytics.catalogue.documents import Item, Scenario
from analytics.catalogue.errors import ConflictError
from analytics.catalogue.experiments import Experiment, check_change, check_removal
from analytics.catalogue.kinds import KINDS
from analytics.catalogue.models import MOST_VERSIONS, Model, folded

HALVES = [{"name": "control", "share": 0.5}, {"name": "treatment", "share": 0.5}]


def deep(levels: int) -> dict[str, Any]:
    return {} if levels == 1 else {"in": deep(levels - 1)}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"item_id": ""}, "item_id"),
        ({"item_id": "a" * 129}, "item_id"),
        ({"item_id": "a\nb"}, "control character"),
        ({"item_id": "a", "titel": "x"}, "titel"),
        ({"item_id": "a", "tenant_id": "borealis"}, "tenant_id"),
        ({"item_id": "a", "price": -1}, "price"),
        ({"item_id": "a", "price": float("nan")}, "price"),
        ({"item_id": "a", "currency": "euro"}, "currency"),
        ({"item_id": "a", "status": "gone"}, "active"),
        ({"item_id": "a", "attributes": {"$set": 1}}, "begins with"),
        ({"item_id": "a", "attributes": {"a": [{"b.c": 1}]}}, "has a '.'"),
        ({"item_id": "a", "attributes": {"a": float("inf")}}, "infinities"),
        ({"item_id": "a", "attributes": {"a": 2**63}}, "64 bits"),
        ({"item_id": "a", "attributes": {"a": "\ud800"}}, "surrogate"),
        ({"item_id": "a", "attributes": {"a": "x\0"}}, "NUL"),
        ({"item_id": "a", "attributes": {"a": "x" * 16384}}, "bytes of JSON"),
        ({"item_id": "a", "attributes": deep(11)}, "nested deeper"),
    ],
)
def test_an_item_that_breaks_a_rule(sent: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Item.model_validate(sent)


def test_what_was_read_can_be_sent_back() -> None:
    read = {"scenario_id": "home", "settings": deep(10), "revision": 3, "created_at": "x", "updated_at": "y"}
    assert Scenario.model_validate(read) == Scenario(scenario_id="home", settings=deep(10))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"groups": HALVES[:1]}, "at least 2"),
        ({"groups": [HALVES[0], HALVES[0]]}, "the same name"),
        ({"groups": [HALVES[0], {"name": "b", "share": 0.4}]}, "add up to 0.9"),
        ({"control": "nobody"}, "no group 'nobody'"),
        ({"traffic": 1.5}, "traffic"),
        ({"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "not after"),
        ({"starts_at": "2026-02-01T00:00:00"}, "timezone"),
    ],
)
def test_an_experiment_that_breaks_a_rule(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Experiment.model_validate({"experiment_id": "e", "groups": HALVES} | changed)


ALLOWED = {
    ("draft", "draft"),
    ("draft", "running"),
    ("running", "running"),
    ("running", "paused"),
    ("running", "ended"),
    ("paused", "paused"),
    ("paused", "running"),
    ("paused", "ended"),
    ("ended", "ended"),
}
STATES = ("draft", "running", "paused", "ended")


def experiment(status: str, **changed: Any) -> Experiment:
    return Experiment.model_validate({"experiment_id": "e", "groups": HALVES, "status": status} | changed)


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_the_states_of_an_experiment(before: str, after: str) -> None:
    stored = experiment(before).model_dump()
    if (before, after) in ALLOWED:
        check_change(stored, experiment(after))
    else:
        with pytest.raises(ConflictError, match=f"{before} cannot become {after}"):
            check_change(stored, experiment(after))


def test_an_experiment_that_has_run_keeps_what_its_results_are_read_by() -> None:
    thirds = [{"name": "control", "share": 0.3}, {"name": "treatment", "share": 0.7}]
    check_change(experiment("draft").model_dump(), experiment("running", groups=thirds, control="treatment"))
    running = experiment("running").model_dump()
    check_change(running, experiment("running", traffic=0.1, description="less"))
    for changed in ({"groups": thirds}, {"control": "treatment"}, {"scenario_id": "home"}):
        with pytest.raises(ConflictError, match=f"{next(iter(changed))} cannot change"):
            check_change(running, experiment("paused", **changed))
    with pytest.raises(ConflictError, match="has ended"):
        check_change(experiment("ended").model_dump(), experiment("ended", description="rewritten"))


@pytest.mark.parametrize("status", STATES)
def test_an_experiment_that_users_take_part_in_stays(status: str) -> None:
    stored = experiment(status).model_dump()
    if status in ("running", "paused"):
        with pytest.raises(ConflictError, match="end it first"):
            check_removal(stored)
    else:
        check_removal(stored)


def test_a_model_has_a_bounded_number_of_versions() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    stored: dict[str, Any] | None = None
    for number in range(MOST_VERSIONS):
        stored = folded(stored, Model(model_id="m", name=str(number)), now)
    assert stored is not None
    assert (stored["version"], stored["latest_version"], stored["name"]) == (1, MOST_VERSIONS, "0")
    with pytest.raises(ConflictError, match="another model"):
        folded(stored, Model(model_id="m"), now)


def test_each_kind_keeps_what_it_answers() -> None:
    for kind in KINDS:
        assert kind.id_field in kind.content.model_fields
        assert set(kind.content.model_fields) < set(kind.kept.model_fields)
        assert set(kind.filters) <= set(kind.content.model_fields)
