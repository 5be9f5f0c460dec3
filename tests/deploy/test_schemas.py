"""Every manifest of every overlay is what Kubernetes and the operator's CRDs say it may be."""

from typing import Any

import pytest

from tests.deploy import schemas
from tests.deploy.rendering import OVERLAYS, manifests, of_kind

JOBS = {"clickhouse-sink", "dimension-join", "item-hot-score", "realtime-metrics", "user-recent"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_manifests_fit_their_schemas(overlay: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = [problem for each in manifests(overlay) for problem in schemas.problems(each)]
    with capsys.disabled():
        print(f"\n{overlay}: {len(manifests(overlay))} manifests; CRDs: {schemas.definitions().origin} ", end="")
    assert found == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_job_is_in_every_overlay(overlay: str) -> None:
    kind = "FlinkSessionJob" if overlay == "session" else "FlinkDeployment"
    names = [each["metadata"]["name"] for each in of_kind(manifests(overlay), kind)]
    assert sorted(names) == sorted(JOBS)


def flink_deployment(**spec: Any) -> dict[str, Any]:
    found = of_kind(manifests("overlays/dev"), "FlinkDeployment")[0]
    found["spec"] |= spec
    return found


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"flinkVersion": "v2_3"}, "v2_3"),
        ({"paralelism": 2}, "paralelism"),
        ({"job": {"parallelism": "2"}}, "'2' is not of type 'integer'"),
        ({"podTemplate": {"spec": {"containers": [{"nam": "x"}]}}}, "nam"),
        ({"mode": "nativ"}, "nativ"),
    ],
)
def test_a_flink_deployment_that_does_not_fit_is_noticed(spec: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in schemas.problems(flink_deployment(**spec)))


def test_a_core_manifest_that_does_not_fit_is_noticed() -> None:
    service = of_kind(manifests("overlays/dev"), "Service")[0]
    service["spec"]["portz"] = []
    assert any("portz" in problem for problem in schemas.problems(service))
    service["apiVersion"] = "v7"
    assert any("schema" in problem for problem in schemas.problems(service))


def test_manifests_fit_what_maven_has_when_there_is_nothing_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    extended = schemas.Definitions("Maven", schemas._extended(schemas.from_maven()))
    monkeypatch.setattr(schemas, "definitions", lambda: extended)
    schemas._validator.cache_clear()
    try:
        found = of_kind(manifests("overlays/prod"), "FlinkDeployment") + of_kind(
            manifests("session"), "FlinkSessionJob"
        )
        assert [problem for each in found for problem in schemas.problems(each)] == []
        assert schemas.problems(flink_deployment(flinkVersion="v2_3"))
    finally:
        schemas._validator.cache_clear()
