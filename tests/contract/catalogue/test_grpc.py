"""The catalogue over gRPC, beside HTTP: the same documents, the same rules, and codes that say which was broken."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from clickstream.catalogue.v1 import catalogue_pb2 as pb
from clickstream.catalogue.v1.catalogue_pb2_grpc import CatalogueStub
from tests.contract.catalogue.client import Catalogue
from tests.kit.mongo import Mongo
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack


class Caller:
    """Calls with one token."""

    def __init__(self, channel: grpc.Channel, token: str | None) -> None:
        stub: Callable[[grpc.Channel], Any] = CatalogueStub  # generated, without types
        self._stub = stub(channel)
        self._metadata = [("authorization", f"Bearer {token}")] if token else []

    def __call__(self, name: str, request: Any) -> Any:
        return getattr(self._stub, name)(request, metadata=self._metadata, timeout=20)

    def refused(self, name: str, request: Any) -> tuple[grpc.StatusCode, str | None]:
        with pytest.raises(grpc.RpcError) as caught:
            self(name, request)
        return caught.value.code(), caught.value.details()


@pytest.fixture
def channel(address: str, grpc_port: int) -> Iterator[grpc.Channel]:
    assert address
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as made:
        yield made


@pytest.fixture
def calling(channel: grpc.Channel, tokens: dict[str, str]) -> Callable[[str], Caller]:
    return lambda whose: Caller(channel, tokens.get(whose))


def test_a_document_is_the_same_by_both_ways(calling: Callable[[str], Caller], aurora: Catalogue) -> None:
    call = calling("aurora")
    name = f"g-{uuid.uuid4().hex[:8]}"
    item = pb.Item(item_id=name, title="Blue sofa", tags=["oak"], price=0.0)
    item.attributes.update({"seats": 3, "parts": ["a", {"b": None}], "on": True})
    made = call("PutItem", pb.PutItemRequest(document=item, revision=0))
    over_http = aurora.get(f"items/{name}")
    assert over_http["attributes"] == {"seats": 3, "parts": ["a", {"b": None}], "on": True}
    assert (over_http["price"], over_http["status"], over_http["revision"]) == (0.0, "active", 1)
    assert made.updated_at.ToDatetime(UTC) == datetime.fromisoformat(over_http["updated_at"])
    aurora.put(f"items/{name}", 1, **(over_http | {"title": "Green sofa", "price": None}))
    read = call("GetItem", pb.GetRequest(id=name))
    assert (read.title, read.revision, read.HasField("price")) == ("Green sofa", 2, False)
    assert list(call("ListItems", pb.ListRequest(query=f"{name} green")).documents) == [read]
    page = call("ListItems", pb.ListRequest(after=name[:-1], limit=1))
    assert list(page.documents) == [read]
    call("DeleteItem", pb.DeleteRequest(id=name, revision=2))
    assert aurora.http.get(f"items/{name}").status_code == 404


def test_experiments_models_scenarios_and_profiles(calling: Callable[[str], Caller], aurora: Catalogue) -> None:
    call = calling("aurora")
    name = f"g-{uuid.uuid4().hex[:8]}"
    groups = [pb.Group(name="a", share=0.25), pb.Group(name="b", share=0.75)]
    draft = pb.Experiment(experiment_id=name, groups=groups, traffic=0.0)
    draft.starts_at.FromJsonString("2026-03-01T08:00:00Z")
    made = call("PutExperiment", pb.PutExperimentRequest(document=draft))
    assert (made.status, made.control, made.traffic) == ("draft", "a", 0.0)
    assert made.starts_at == draft.starts_at
    assert (
        call.refused("PutExperiment", pb.PutExperimentRequest(document=made))[0] is grpc.StatusCode.FAILED_PRECONDITION
    )
    made.status = "running"
    running = call("PutExperiment", pb.PutExperimentRequest(document=made, revision=1))
    assert (
        call.refused("PutExperiment", pb.PutExperimentRequest(document=made, revision=1))[0] is grpc.StatusCode.ABORTED
    )
    refused = call.refused("DeleteExperiment", pb.DeleteRequest(id=name, revision=running.revision))
    assert refused == (grpc.StatusCode.FAILED_PRECONDITION, "the experiment is running: end it first")

    for algorithm in ("als", "two-tower"):
        model = pb.Model(model_id=name, algorithm=algorithm, metrics={"ndcg@10": 0.25})
        call("PutModel", pb.PutModelRequest(document=model))
    assert call("GetModel", pb.GetRequest(id=name)).algorithm == "als"
    assert call("ActivateModel", pb.ActivateModelRequest(id=name, version=2, revision=2)).algorithm == "two-tower"
    assert call.refused("ActivateModel", pb.ActivateModelRequest(id=name, version=9))[0] is grpc.StatusCode.NOT_FOUND
    versions = call("ListModelVersions", pb.GetRequest(id=name)).versions
    assert [(each.version, each.content.algorithm) for each in versions] == [(2, "two-tower"), (1, "als")]
    assert aurora.get(f"models/{name}")["version"] == 2

    scenario = call("PutScenario", pb.PutScenarioRequest(document=pb.Scenario(scenario_id=name, status="paused")))
    listed = call("ListScenarios", pb.ListRequest(filters={"status": "paused"}, limit=500)).documents
    assert scenario in listed
    profile = call("PutUserProfile", pb.PutUserProfileRequest(document=pb.UserProfile(user_id=name, segments=["vip"])))
    assert MessageToDict(profile)["segments"] == ["vip"]
    call("DeleteUserProfile", pb.DeleteRequest(id=name))
    assert call.refused("GetUserProfile", pb.GetRequest(id=name))[0] is grpc.StatusCode.NOT_FOUND


def test_who_may_call(calling: Callable[[str], Caller]) -> None:
    name = f"g-{uuid.uuid4().hex[:8]}"
    document = pb.Scenario(scenario_id=name)
    calling("aurora")("PutScenario", pb.PutScenarioRequest(document=document))
    expected = {
        ("nobody", "GetScenario", ""): grpc.StatusCode.UNAUTHENTICATED,
        ("borealis", "GetScenario", ""): grpc.StatusCode.NOT_FOUND,
        ("borealis", "GetScenario", "aurora"): grpc.StatusCode.PERMISSION_DENIED,
        ("borealis", "DeleteScenario", ""): grpc.StatusCode.NOT_FOUND,
        ("reader", "DeleteScenario", ""): grpc.StatusCode.PERMISSION_DENIED,
        ("admin only", "GetScenario", ""): grpc.StatusCode.PERMISSION_DENIED,
        ("both", "GetScenario", ""): grpc.StatusCode.INVALID_ARGUMENT,
    }
    for (whose, method, tenant), code in expected.items():
        kind = pb.GetRequest if method.startswith("Get") else pb.DeleteRequest
        assert calling(whose).refused(method, kind(id=name, tenant_id=tenant))[0] is code, (whose, method, tenant)
    assert calling("reader")("GetScenario", pb.GetRequest(id=name)).scenario_id == name
    assert calling("both")("GetScenario", pb.GetRequest(id=name, tenant_id="aurora")).scenario_id == name


def test_what_is_wrong_is_named(calling: Callable[[str], Caller]) -> None:
    call = calling("aurora")
    wrong = pb.Item(item_id="a\n", currency="euro")
    code, said = call.refused("PutItem", pb.PutItemRequest(document=wrong))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "item_id: " in str(said)
    assert "currency: " in str(said)
    assert call.refused("ListItems", pb.ListRequest(limit=501))[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert call.refused("ListScenarios", pb.ListRequest(query="x"))[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert call.refused("ListItems", pb.ListRequest(filters={"tenant_id": "borealis"}))[0] is (
        grpc.StatusCode.INVALID_ARGUMENT
    )
    name = f"g-{uuid.uuid4().hex[:8]}"
    new = pb.PutItemRequest(document=pb.Item(item_id=name), revision=0)
    call("PutItem", new)
    assert call.refused("PutItem", new)[0] is grpc.StatusCode.ALREADY_EXISTS


def test_an_outage_is_unavailable(calling: Callable[[str], Caller], mongo: Mongo) -> None:
    call = calling("aurora")
    mongo.stop()
    try:
        code, said = call.refused("GetItem", pb.GetRequest(id="any"))
        assert (code, "CLICKSTREAM_MONGO_URL" in str(said)) == (grpc.StatusCode.UNAVAILABLE, True)
    finally:
        mongo.start()

    def answers() -> bool:
        return call.refused("GetItem", pb.GetRequest(id="any"))[0] is grpc.StatusCode.NOT_FOUND

    wait_for(answers, 60, "the catalogue answers again")
