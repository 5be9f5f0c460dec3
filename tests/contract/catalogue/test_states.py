"""What is more than a document: versions of models, states of experiments, an outage."""

import uuid

import pymongo
import pytest

from tests.contract.catalogue.client import Catalogue
from tests.kit.mongo import Mongo
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack

HALVES = [{"name": "control", "share": 0.5}, {"name": "treatment", "share": 0.5}]


def test_each_change_of_a_model_is_a_version_and_any_can_be_active(aurora: Catalogue) -> None:
    name = f"m-{uuid.uuid4().hex[:8]}"
    path = f"models/{name}"
    aurora.make("models", model_id=name, algorithm="als", metrics={"ndcg@10": 0.31})
    second = aurora.put(path, 1, model_id=name, algorithm="two-tower")
    assert (second["algorithm"], second["version"], second["latest_version"]) == ("als", 1, 2)
    activated = aurora.http.post(f"{path}/activate", json={"version": 2}, headers={"If-Match": '"2"'})
    assert activated.status_code == 200
    now = aurora.get(path)
    assert (now["algorithm"], now["version"], now["metrics"]) == ("two-tower", 2, {})
    assert aurora.http.post(f"{path}/activate", json={"version": 1}, headers={"If-Match": '"2"'}).status_code == 412
    assert aurora.http.post(f"{path}/activate", json={"version": 3}).status_code == 404
    assert aurora.http.post(f"{path}/activate", json={"version": 1}).json()["metrics"] == {"ndcg@10": 0.31}
    versions = aurora.get(f"{path}/versions")
    assert [(each["version"], each["content"]["algorithm"]) for each in versions] == [(2, "two-tower"), (1, "als")]
    assert aurora.get(f"{path}/versions/1") == versions[1]
    assert aurora.http.get(f"{path}/versions/3").status_code == 404


def test_an_experiment_goes_through_its_states_by_compare_and_set(aurora: Catalogue) -> None:
    name = f"e-{uuid.uuid4().hex[:8]}"
    path = f"experiments/{name}"
    draft = aurora.make("experiments", experiment_id=name, groups=HALVES, scenario_id="home")
    assert (draft["status"], draft["control"]) == ("draft", "control")
    assert aurora.try_put(path, **draft).status_code == 428
    assert aurora.remove(path) == 428
    running = aurora.put(path, 1, **(draft | {"status": "running"}))
    other_split = [{"name": "control", "share": 0.9}, {"name": "treatment", "share": 0.1}]
    refused = aurora.try_put(path, 2, **(running | {"groups": other_split}))
    assert (refused.status_code, "groups cannot change" in refused.json()["detail"]) == (409, True)
    assert aurora.try_put(path, 2, **(running | {"status": "draft"})).status_code == 409
    assert aurora.remove(path, 2) == 409
    assert aurora.try_put(path, 1, **(running | {"status": "ended"})).status_code == 412
    ended = aurora.put(path, 2, **(running | {"status": "ended"}))
    assert aurora.try_put(path, 3, **(ended | {"description": "we won"})).status_code == 409
    listed = aurora.get("experiments", status="ended", scenario_id="home")["documents"]
    assert ended in listed
    assert aurora.remove(path, 3) == 204


def test_the_indexes_are_made(aurora: Catalogue, mongo: Mongo) -> None:
    def made() -> bool:
        with pymongo.MongoClient[dict[str, object]](mongo.url) as client:
            keys = [list(each["key"]) for each in client.get_default_database()["items"].list_indexes()]
        return ["tenant_id", "terms"] in keys

    aurora.get("items")
    wait_for(made, 30, "the index on terms")


def test_an_outage_is_told_and_ends_by_itself(aurora: Catalogue, mongo: Mongo) -> None:
    name = f"kept-{uuid.uuid4().hex[:8]}"
    kept = aurora.make("items", item_id=name, title="Sofa")
    mongo.stop()
    try:
        for answer in (aurora.http.get(f"items/{name}"), aurora.http.put(f"items/{name}", json={"item_id": name})):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
            assert "CLICKSTREAM_MONGO_URL" in answer.json()["detail"]
        assert aurora.http.get("http://".join(("", str(aurora.http.base_url).split("/")[2])) + "/healthz").is_success
    finally:
        mongo.start()
    wait_for(lambda: aurora.http.get(f"items/{name}").is_success, 60, "the catalogue answers again")
    assert aurora.get(f"items/{name}") == kept
