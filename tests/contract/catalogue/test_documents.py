"""Documents of each kind over HTTP: made, read, listed, searched, changed, removed, by tenant and role."""

import threading
import uuid
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.catalogue.client import Catalogue

pytestmark = pytest.mark.stack

HALVES: list[dict[str, Any]] = [{"name": name, "share": 0.5, "settings": {}} for name in ("control", "treatment")]
FIELDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "scenarios": (
        "scenario_id",
        {"name": "Home", "settings": {"slots": 8, "mix": [0.5, "x", None]}},
        {"name": "Start"},
    ),
    "items": (
        "item_id",
        {"title": "Blue sofa", "tags": ["oak"], "price": 499.5, "currency": "EUR", "attributes": {"seats": 3}},
        {"title": "Green sofa"},
    ),
    "models": ("model_id", {"algorithm": "two-tower", "parameters": {"layers": [64, 32]}}, {"algorithm": "als"}),
    "experiments": ("experiment_id", {"groups": HALVES, "starts_at": "2026-03-01T08:00:00+08:00"}, {"groups": HALVES}),
    "user_profiles": ("user_id", {"segments": ["new"], "attributes": {"city": "Köln"}}, {"segments": []}),
}
KINDS = sorted(FIELDS)


def fresh(kind: str) -> str:
    """A name that no other test has; with what addresses have to escape."""
    return f"{kind}-{uuid.uuid4().hex[:8]} ü%:?#" + ("" if kind == "models" else "/x")


def address_of(kind: str, name: str) -> str:
    return f"{kind}/{quote(name, safe='')}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_is_made_read_changed_and_removed(aurora: Catalogue, kind: str) -> None:
    field, sent, changed = FIELDS[kind]
    name = fresh(kind)
    path = address_of(kind, name)
    assert aurora.http.get(path).status_code == 404
    made = aurora.make(kind, **{field: name}, **sent)
    assert made["revision"] == 1
    assert made["created_at"] == made["updated_at"]
    assert {key: made[key] for key in sent if key != "starts_at"} == {
        key: value for key, value in sent.items() if key != "starts_at"
    }
    assert aurora.get(path) == made
    again = aurora.http.post(kind, json={field: name, **sent})
    assert (again.status_code, "exists already" in again.json()["detail"]) == (409, True)
    assert aurora.http.get(path, headers={"If-None-Match": '"1"'}).status_code == 304

    after = aurora.put(path, 1, **(made | changed))  # what was read, with a field changed
    assert (after["revision"], after["created_at"]) == (2, made["created_at"])
    assert aurora.get(path) == after
    stale = aurora.try_put(path, 1, **(made | changed))
    assert (stale.status_code, "revision 2, not 1" in stale.json()["detail"]) == (412, True)

    assert aurora.remove(path, 1) == 412
    assert aurora.remove(path, 2) == 204
    assert aurora.remove(path, 2) == 404
    assert aurora.http.get(path).status_code == 404
    assert aurora.try_put(path, 2, **(made | changed)).status_code == 412  # gone, so it is not at that revision


@pytest.mark.parametrize("kind", KINDS)
def test_a_tenant_sees_and_changes_its_own_alone(aurora: Catalogue, borealis: Catalogue, kind: str) -> None:
    field, sent, changed = FIELDS[kind]
    name = fresh(kind)
    path = address_of(kind, name)
    mine = aurora.make(kind, **{field: name}, **sent)
    assert borealis.http.get(path).status_code == 404
    assert borealis.try_put(path, 1, **{field: name}, **changed).status_code == 412
    assert borealis.remove(path, 1) == 404
    assert name not in [each[field] for each in borealis.get(kind, limit=500)["documents"]]
    other = borealis.make(kind, **{field: name}, **sent)
    borealis.put(path, other["revision"], **{field: name}, **changed)
    assert aurora.get(path) == mine
    for tenant in ("borealis", "", "aurora/", "aurora%2F"):
        assert aurora.http.get(path, params={"tenant_id": tenant}).status_code == 403
        assert aurora.http.get(kind, params={"tenant_id": tenant}).status_code == 403
    assert aurora.http.put(path, json={field: name, "tenant_id": "borealis", **sent}).status_code == 422


@pytest.mark.parametrize("kind", KINDS)
def test_reading_and_changing_need_their_roles(address: str, tokens: dict[str, str], kind: str) -> None:
    field, sent, _ = FIELDS[kind]
    path = address_of(kind, "anything")
    with Catalogue(address, tokens["reader"]) as reader:
        assert reader.http.get(kind).status_code == 200
        assert reader.http.post(kind, json={field: "anything", **sent}).status_code == 403
        assert reader.try_put(path, **{field: "anything"}, **sent).status_code == 403
        assert reader.remove(path, 1) == 403
    with Catalogue(address, tokens["admin only"]) as admin:
        assert admin.http.get(kind).status_code == 403
    for token in (None, "cs_guess"):
        with Catalogue(address, token) as stranger:
            assert stranger.http.get(kind).status_code == 401
            assert stranger.http.post(kind, json={field: "anything", **sent}).status_code == 401
    with Catalogue(address, tokens["both"]) as both:
        assert both.http.get(kind).status_code == 422
        assert both.http.get(kind, params={"tenant_id": "borealis"}).status_code == 200


def test_lists_come_in_pages_and_can_be_narrowed(aurora: Catalogue, borealis: Catalogue) -> None:
    begin = f"page-{uuid.uuid4().hex[:8]}"
    names = [f"{begin}-{number}" for number in range(7)]
    for number, name in enumerate(names):
        status = "paused" if number % 2 else "active"
        aurora.put(f"scenarios/{name}", scenario_id=name, status=status)
    borealis.put(f"scenarios/{names[0]}", scenario_id=names[0])
    seen: list[str] = []
    after = begin
    for _ in range(3):
        page = aurora.get("scenarios", after=after, limit=3)
        seen += [each["scenario_id"] for each in page["documents"]]
        after = page["next"] or "\U0010ffff"
        if len(seen) >= len(names):
            break
    assert seen[: len(names)] == names
    paused = aurora.get("scenarios", status="paused", after=begin, limit=500)
    mine = [each["scenario_id"] for each in paused["documents"] if each["scenario_id"].startswith(begin)]
    assert mine == names[1::2]
    assert all(each["status"] == "paused" for each in paused["documents"])
    refused = aurora.http.get("scenarios", params={"category": "sofas"})
    assert (refused.status_code, "category" in refused.json()["detail"]) == (422, True)


def test_items_are_found_by_their_words(aurora: Catalogue, borealis: Catalogue) -> None:
    mark = f"z{uuid.uuid4().hex[:8]}"
    texts: dict[str, dict[str, Any]] = {
        f"{mark}-1": {"title": "Sofa, blau", "description": "Beine aus Eiche"},
        f"{mark}-2": {"title": "Tisch", "description": "passt zum blauen Sofa", "tags": ["Möbel"]},
        f"{mark}-3": {"title": "蓝色沙发", "category": "家具"},
    }
    for name, fields in texts.items():
        aurora.put(f"items/{name}", item_id=name, **fields)
    borealis.put(f"items/{mark}-9", item_id=f"{mark}-9", title="Sofa")

    def found(words: str) -> list[str]:
        answer = aurora.get("items", q=f"{mark} {words}")
        assert all("terms" not in each for each in answer["documents"])
        return [each["item_id"].removeprefix(f"{mark}-") for each in answer["documents"]]

    assert found("sofa") == ["1", "2"]  # in the title first
    assert found("mobel sof") == ["2"]
    assert found("沙发") == ["3"]
    assert found("家具 蓝") == ["3"]
    assert found("sofa rot") == []
    assert sorted(found("")) == ["1", "2", "3"]
    aurora.put(f"items/{mark}-1", item_id=f"{mark}-1", title="Sessel")
    assert found("sofa") == ["2"]
    assert aurora.http.get("scenarios", params={"q": "sofa"}).status_code == 422


def test_of_many_changes_at_one_revision_one_counts(address: str, tokens: dict[str, str]) -> None:
    name = f"race-{uuid.uuid4().hex[:8]}"
    with Catalogue(address, tokens["aurora"]) as first:
        first.make("experiments", experiment_id=name, groups=HALVES)
    statuses: list[int] = []

    def change(number: int) -> None:
        with Catalogue(address, tokens["aurora"]) as each:
            body = {"experiment_id": name, "groups": HALVES, "description": str(number)}
            statuses.append(each.try_put(f"experiments/{name}", 1, **body).status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 7
    with Catalogue(address, tokens["aurora"]) as last:
        assert last.get(f"experiments/{name}")["revision"] == 2


def test_changes_without_a_revision_are_all_counted(address: str, tokens: dict[str, str]) -> None:
    name = f"sum-{uuid.uuid4().hex[:8]}"

    def change() -> None:
        with Catalogue(address, tokens["aurora"]) as each:
            each.put(f"models/{name}", model_id=name)

    threads = [threading.Thread(target=change) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Catalogue(address, tokens["aurora"]) as last:
        assert [each["version"] for each in last.get(f"models/{name}/versions")] == [4, 3, 2, 1]
