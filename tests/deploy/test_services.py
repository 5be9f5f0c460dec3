"""What the services are told where they are deployed: a cluster where there are shards, logs that programs read."""

import re

import pytest
import yaml

from tests.deploy.rendering import OVERLAYS, manifests, of_kind
from tests.kit.servers import REPOSITORY

FORMAT = "CLICKSTREAM_LOG_FORMAT"


def settings(overlay: str) -> dict[str, str]:
    (found,) = [
        each["data"]
        for each in of_kind(manifests(overlay), "ConfigMap")
        if each["metadata"]["name"] == "clickstream-settings"
    ]
    return dict(found)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_log_json(overlay: str) -> None:
    assert settings(overlay)[FORMAT] == "json"


def test_containers_of_the_compose_file_log_json() -> None:
    file = REPOSITORY / "deploy" / "docker" / "docker-compose.yaml"
    services = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    ours = {name: each for name, each in services.items() if each["image"].startswith("clickstream-")}
    assert {"collector", "analytics", "migrate", "clickhouse-sink"} <= ours.keys()
    assert {name for name, each in ours.items() if each["environment"].get(FORMAT) != "json"} == set()


def test_production_names_the_cluster_of_its_shards() -> None:
    page = (REPOSITORY / "docs" / "operations" / "sizing.md").read_text(encoding="utf-8")
    (shards,) = re.findall(r"(\d+) shards of \d+ replicas: each node holds", page)
    assert int(shards) > 1
    assert settings("overlays/prod")["CLICKSTREAM_CLICKHOUSE_CLUSTER_NAME"], "analytics would not start"
