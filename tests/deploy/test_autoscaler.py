"""The component that lets the operator choose each job's parallelism, put into each overlay of single jobs."""

import os
from pathlib import Path

import pytest
import yaml

from clickstream.migrate.topics import read_topics
from tests.deploy import schemas
from tests.deploy.lint import complaints
from tests.deploy.rendering import KUBERNETES, manifests, of_kind
from tests.kit.servers import REPOSITORY

COMPONENT = KUBERNETES / "components" / "autoscaler"


@pytest.mark.parametrize("overlay", ["overlays/dev", "overlays/prod"])
def test_with_the_autoscaler_an_overlay_is_still_right(overlay: str, tmp_path: Path) -> None:
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(KUBERNETES / overlay, tmp_path)],
        "components": [os.path.relpath(COMPONENT, tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    found = manifests(str(tmp_path))
    assert [problem for each in found for problem in schemas.problems(each)] == []
    assert complaints(found) == []
    assert not [each for each in of_kind(found, "PodDisruptionBudget") if "taskmanager" in str(each)]
    topics = read_topics(REPOSITORY / "ddl" / "kafka" / "topics.yaml").topics
    partitions = {topic.partitions for topic in topics if topic.setting in ("topic_behaviors", "topic_enriched")}
    deployments = of_kind(found, "FlinkDeployment")
    assert len(deployments) == 5
    for each in deployments:
        settings = each["spec"]["flinkConfiguration"]
        assert settings["job.autoscaler.enabled"] == "true"
        most = int(settings["job.autoscaler.vertex.max-parallelism"])
        assert {most} == partitions
        assert int(settings["pipeline.max-parallelism"]) % most == 0
