"""Flink's own Kubernetes client on a real API server, with its ServiceAccounts' tokens: what it needs of the Roles."""

import json
import re
from pathlib import Path

import pytest

from tests.deploy.cluster.api_server import Cluster
from tests.deploy.cluster.flink_pods import NAME, FlinkPods, namespace_with_accounts
from tests.deploy.cluster.test_permissions import ALLOWED
from tests.deploy.lint.templates import templates
from tests.kit.flink import Job
from tests.kit.waiting import wait_for

LEADERS = f"{NAME}-cluster-config-map"
# Asked for by the API server itself, when a pod that is made blocks the deletion of its owner: no call of its own.
ASKED_BY_ADMISSION = ("update", "deployments.apps/finalizers")


def checkpointed(pods: FlinkPods) -> Job | None:
    """The job, once it runs on the pods' slots and a ConfigMap points to one of its checkpoints."""
    pods.start_pods()
    pointers = [key for each in pods.objects("configmaps").values() for key in each.get("data", {})]
    return pods.job() if any(re.match(r"checkpointID-\d+", key) for key in pointers) else None


def test_the_roles_are_what_flink_asks_for(cluster: Cluster, tmp_path: Path) -> None:
    namespace = "flink-client"
    namespace_with_accounts(cluster, namespace)
    with FlinkPods(cluster, namespace, tmp_path) as pods:
        job = wait_for(lambda: checkpointed(pods), 90, lambda: f"a checkpoint; {pods.said()[-3000:]}", pause=0.5)
        assert job is not None
        assert job.tasks_running()
        assert (
            "control-plane.alpha.kubernetes.io/leader" in pods.objects("configmaps")[LEADERS]["metadata"]["annotations"]
        )
        (pod,) = pods.objects("pods").values()
        (owner,) = pod["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["blockOwnerDeletion"]) == ("Deployment", NAME, True)
        (template,) = [each for each in templates([pods.deployment]) if each.owner.endswith("taskManager")]
        assert template.labels.items() <= pod["metadata"]["labels"].items(), "what policies and budgets select by"
        assert pod["spec"]["serviceAccountName"] == template.account
        job.cancel()
        wait_for(
            lambda: not pods.objects("pods"), 60, lambda: f"the idle pod is removed; {pods.said()[-3000:]}", pause=0.5
        )
        wait_for(
            lambda: [*pods.objects("configmaps")] == [LEADERS], 60, "what was kept of the job is removed", pause=0.5
        )
    asked = {account: cluster.calls(namespace, account) for account in ("flink-jobmanager", "flink-taskmanager")}
    assert [call for calls in asked.values() for call in calls if not call[2]] == []
    found = {account: {(verb, resource) for verb, resource, _ in calls} for account, calls in asked.items()}
    found["flink-jobmanager"].add(ASKED_BY_ADMISSION)
    for account, calls in found.items():
        allowed = {(verb, resource) for resource, verbs in ALLOWED[account].items() for verb in verbs}
        assert calls == allowed, f"{account}: what Flink has asked for, and what the Role allows"


def test_with_a_verb_less_nobody_leads(cluster: Cluster, tmp_path: Path) -> None:
    namespace = "flink-client-lacks-create"
    namespace_with_accounts(cluster, namespace, without=("configmaps", "create"))
    with FlinkPods(cluster, namespace, tmp_path) as pods:
        refused = ("create", "configmaps", False)
        wait_for(
            lambda: refused in cluster.calls(namespace, "flink-jobmanager"),
            90,
            lambda: f"a refusal; {pods.said()[-3000:]}",
            pause=0.5,
        )
        assert not pods.objects("configmaps")
        assert not pods.objects("pods")


@pytest.mark.parametrize("lacks", [None, ("deployments/finalizers", "update")], ids=["allowed", "lacks"])
def test_who_makes_a_pod_that_blocks_its_owner_must_be_allowed_to(
    cluster: Cluster, lacks: tuple[str, str] | None
) -> None:
    """What Flink's pods say of their owner, asked by kubectl: the API server itself looks at this verb."""
    namespace = "owner-" + ("lacks" if lacks else "allowed")
    namespace_with_accounts(cluster, namespace, without=lacks)
    uid = cluster.run("get", "deployment", NAME, "-n", namespace, "-o", "jsonpath={.metadata.uid}")
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME, "uid": uid, "blockOwnerDeletion": True}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "taskmanager", "namespace": namespace, "ownerReferences": [owner]},
        "spec": {
            "serviceAccountName": "flink-taskmanager",
            "containers": [{"name": "main", "image": "clickstream-flink:dev"}],
        },
    }
    user = f"--as=system:serviceaccount:{namespace}:flink-jobmanager"
    done = cluster.kubectl("create", "--dry-run=server", user, "-f", "-", stdin=json.dumps(pod))
    assert (done.returncode == 0) == (lacks is None), done.stderr
    assert lacks is None or "cannot set blockOwnerDeletion" in done.stderr
