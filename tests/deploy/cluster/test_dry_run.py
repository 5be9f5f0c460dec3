"""A real API server takes every overlay as it stands, and refuses what is wrong with it. Nothing is stored."""

import json
import re
from typing import Any

import pytest

from tests.deploy import schemas
from tests.deploy.cluster.api_server import Cluster
from tests.deploy.lint.templates import templates
from tests.deploy.rendering import KUBERNETES, OVERLAYS, manifests, of_kind

DRY = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_accepted(cluster: Cluster, overlay: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", str(KUBERNETES / overlay))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # warnings go there: deprecated fields, pods that break the namespace's standard
    accepted = re.findall(r"^(\S+) (?:created|configured|unchanged) \(server dry run\)$", done.stdout, re.MULTILINE)
    assert len(accepted) == len(manifests(overlay)), done.stdout
    with capsys.disabled():
        print(f"\n{overlay}: {len(accepted)} accepted; CRDs: {schemas.definitions().origin} ", end="")


def broken(**spec: Any) -> str:
    deployment = of_kind(manifests("overlays/dev"), "FlinkDeployment")[0]
    deployment["spec"] |= spec
    return json.dumps(deployment)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (broken(flinkVersion="v2_3"), "Unsupported value"),
        (broken(paralelism=1), 'unknown field "spec.paralelism"'),
        (broken(job={"parallelism": "2"}), "must be of type integer"),
    ],
)
def test_what_does_not_fit_is_refused(cluster: Cluster, manifest: str, said: str) -> None:
    done = cluster.kubectl(*DRY, stdin=manifest)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_meets_the_namespaces_standard(cluster: Cluster, overlay: str) -> None:
    """Flink starts its pods itself, so that no one else would see before that the namespace refuses them."""
    namespace = of_kind(manifests(overlay), "Namespace")[0]["metadata"]["name"]
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"pod-{number}", "namespace": namespace, "labels": pod.labels},
            "spec": {"serviceAccountName": pod.account}
            | pod.spec
            | {"containers": [{"image": "clickstream:test"} | each for each in pod.containers]},
        }
        for number, pod in enumerate(templates(manifests(overlay)))
    ]
    done = cluster.kubectl(*DRY, stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
    assert done.returncode == 0, done.stderr
    pods[0]["spec"]["containers"][0]["securityContext"]["capabilities"] = {"add": ["NET_ADMIN"]}  # type: ignore[index]
    refused = cluster.kubectl(*DRY, stdin=json.dumps(pods[0]))
    assert "violates PodSecurity" in refused.stderr
