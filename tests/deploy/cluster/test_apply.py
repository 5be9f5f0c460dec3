"""deploy/k8s/apply.sh on a real API server. No controller runs: what becomes of the migration is the test's word."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.deploy.cluster.api_server import Cluster
from tests.deploy.rendering import KUBERNETES, manifests, of_kind, tool

OVERLAY = "overlays/dev"
NAMESPACE = "clickstream-dev"
JOB = ("-n", NAMESPACE, "job/migrate")
TIME = "2026-01-01T00:00:00Z"
DONE = {
    "startTime": TIME,
    "completionTime": TIME,
    "succeeded": 1,
    "conditions": [
        {"type": kind, "status": "True", "lastTransitionTime": TIME, "lastProbeTime": TIME}
        for kind in ("SuccessCriteriaMet", "Complete")
    ],
}
# kubectl, except that the Job has succeeded by the time that somebody waits for it.
PATCHING = """#!/bin/sh
case " $* " in *" wait "*) {kubectl} --kubeconfig={config} patch --subresource=status -n {namespace} job/migrate \\
    --type=merge -p '{status}' ;; esac
exec {kubectl} "$@"
"""


def apply(cluster: Cluster, kubectl: Path, minutes: str, folder: Path = KUBERNETES) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KUBERNETES / "apply.sh", folder / OVERLAY, f"--kubeconfig={cluster.kubeconfig}"],
        env={**os.environ, "KUBECTL": str(kubectl), "MIGRATE_MINUTES": minutes},
        capture_output=True,
        text=True,
        check=False,
    )


def started(cluster: Cluster) -> list[str]:
    return cluster.run("get", "flinkdeployments,deployments", "-n", NAMESPACE, "-o", "name").split()


def test_nothing_is_started_before_the_migration_is_done(cluster: Cluster, tmp_path: Path) -> None:
    done = apply(cluster, tool("kubectl"), minutes="0")
    assert done.returncode == 1, done.stderr
    assert "no job was started" in done.stderr
    assert started(cluster) == []

    patching = tmp_path / "kubectl"
    text = PATCHING.format(
        kubectl=tool("kubectl"), config=cluster.kubeconfig, namespace=NAMESPACE, status=json.dumps({"status": DONE})
    )
    patching.write_text(text, encoding="utf-8")
    patching.chmod(0o755)
    first = cluster.run("get", *JOB, "-o", "jsonpath={.metadata.uid}")
    for _ in range(2):  # it may be repeated
        done = apply(cluster, patching, minutes="1")
        assert done.returncode == 0, done.stderr + done.stdout
    assert_a_newer_version_is_applied(cluster, patching, tmp_path / "k8s")
    assert len(started(cluster)) == len(of_kind(manifests(OVERLAY), "FlinkDeployment", "Deployment"))
    assert cluster.run("get", *JOB, "-o", "jsonpath={.metadata.uid}") != first


def assert_a_newer_version_is_applied(cluster: Cluster, kubectl: Path, newer: Path) -> None:
    """With apply.sh: kubectl alone stumbles over the Job of the last migration."""
    shutil.copytree(KUBERNETES, newer)
    kustomization = newer / OVERLAY / "kustomization.yaml"
    text = kustomization.read_text(encoding="utf-8")
    kustomization.write_text(text.replace("newTag: dev", "newTag: next"), encoding="utf-8")
    alone = cluster.kubectl("apply", "-k", str(newer / OVERLAY))
    assert alone.returncode != 0
    assert "field is immutable" in alone.stderr
    done = apply(cluster, kubectl, minutes="1", folder=newer)
    assert done.returncode == 0, done.stderr + done.stdout
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert cluster.run("get", *JOB, "-o", image) == "clickstream-services:next"
    # And back, for the tests that follow.
    done = apply(cluster, kubectl, minutes="1")
    assert done.returncode == 0, done.stderr + done.stdout
    assert cluster.run("get", *JOB, "-o", image) == "clickstream-services:dev"
