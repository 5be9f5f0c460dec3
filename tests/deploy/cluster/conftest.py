"""One API server for all tests here, with the operator's CRDs and every overlay's namespace and accounts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy import schemas
from tests.deploy.cluster.api_server import Cluster, running
from tests.deploy.rendering import OVERLAYS, manifests, of_kind
from tests.kit.waiting import wait_for


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kubernetes)
            item.add_marker(pytest.mark.net)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Accounts, roles and namespaces are really applied: admission asks for them even in a dry run."""
    with running(tmp_path_factory.mktemp("kubernetes")) as started:
        crds = {"apiVersion": "v1", "kind": "List", "items": list(schemas.definitions().by_kind.values())}
        started.run("create", "-f", "-", stdin=json.dumps(crds))
        # kubectl wait fails on a CRD that has no conditions yet.
        wait_for(
            lambda: started.kubectl("get", "flinkdeployments,flinksessionjobs").returncode == 0, 60, "CRDs are served"
        )
        for overlay in OVERLAYS:
            needed = of_kind(manifests(overlay), "Namespace", "ServiceAccount", "Role", "RoleBinding")
            needed.sort(key=lambda each: each["kind"] != "Namespace")
            started.run("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": needed}))
        yield started
