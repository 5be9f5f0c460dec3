"""flink-conf/config.yaml is the one source: manifests say what it says, apart from what belongs to one machine."""

import subprocess
import sys

import pytest
import yaml

from devstack import flink_home
from devstack.layout import Layout
from devstack.plan import Plan
from pyflink_jobs._runtime import INCREMENTAL_STATE
from tests.deploy.rendering import KUBERNETES, OVERLAYS, manifests, of_kind
from tests.kit.servers import REPOSITORY

SOURCE = yaml.safe_load((REPOSITORY / "flink-conf" / "config.yaml").read_text(encoding="utf-8"))
# What a cluster says in another way, or what an overlay may raise: with the reason in deploy/k8s.
MACHINE = {
    "jobmanager.rpc.address",
    "jobmanager.rpc.port",
    "rest.address",
    "rest.port",
    "parallelism.default",
    "jobmanager.memory.process.size",
    "taskmanager.memory.process.size",
    "execution.checkpointing.dir",
    "execution.checkpointing.savepoint-dir",
}
# Whose state is too large for the heap, and where.
ROCKSDB = {("overlays/dev", "dimension-join"), ("overlays/prod", "dimension-join"), ("overlays/prod", "user-recent")}


def test_the_generated_patch_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, KUBERNETES / "settings.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_manifests_say_what_the_source_says(overlay: str) -> None:
    expected = {key: _as_flink_reads(value) for key, value in SOURCE.items() if key not in MACHINE}
    for each in of_kind(manifests(overlay), "FlinkDeployment"):
        settings = each["spec"]["flinkConfiguration"]
        differing = {key for key in expected if _as_flink_reads(settings.get(key)) != expected[key]}
        name = each["metadata"]["name"]
        assert differing == ({"state.backend.type"} if (overlay, name) in ROCKSDB else set()), name
        assert not settings.keys() & (
            MACHINE - {"execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"}
        )
        logging = (REPOSITORY / "flink-conf" / "log4j-console.properties").read_text(encoding="utf-8")
        assert each["spec"]["logConfiguration"] == {"log4j-console.properties": logging}


@pytest.mark.parametrize("overlay", ["overlays/dev", "overlays/prod"])
def test_what_the_join_says_itself_its_manifest_says(overlay: str) -> None:
    """Who reads the manifest would not know otherwise: a job's own settings go before its cluster's."""
    jobs = of_kind(manifests(overlay), "FlinkDeployment")
    (join,) = [each for each in jobs if each["metadata"]["name"] == "dimension-join"]
    assert INCREMENTAL_STATE.items() <= join["spec"]["flinkConfiguration"].items()


def test_the_devstack_says_what_the_source_says() -> None:
    overrides = flink_home.overrides(Layout(REPOSITORY / ".devstack"), Plan(ports={"flink-rpc": 1, "flink-rest": 2}))
    allowed = MACHINE | {"taskmanager.numberOfTaskSlots", "metrics.reporter.prometheus.port"}
    assert overrides.keys() & SOURCE.keys() <= allowed


def _as_flink_reads(value: object) -> str:
    return " ".join(str(value).split()).lower() if isinstance(value, bool) else " ".join(str(value).split())
