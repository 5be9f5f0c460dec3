"""What the accounts may do: enough for Flink's own calls, and nothing else."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.cluster.api_server import Cluster
from tests.deploy.rendering import OVERLAYS, manifests, of_kind

# Calls of Flink's Kubernetes client: TaskManagers are pods that it makes, watches and removes, owned by its Deployment;
# leaders and checkpoints are ConfigMaps, made and changed under a lock. test_flink_client.py sees it ask for all these.
ALLOWED = {
    "flink-jobmanager": {
        "pods": {"list", "watch", "create", "delete"},
        "configmaps": {"get", "list", "watch", "create", "update", "patch", "delete"},
        "deployments.apps": {"get"},
        "deployments.apps/finalizers": {"update"},
    },
    "flink-taskmanager": {"configmaps": {"list", "watch"}},
    "collector": {},
    "analytics": {},
    "migrate": {},
}
# What an attacker would ask for who has taken a pod over.
DENIED = [
    ("get", "secrets"),
    ("list", "secrets"),
    ("create", "pods/exec"),
    ("create", "serviceaccounts/token"),
    ("create", "deployments.apps"),
    ("patch", "deployments.apps"),
    ("delete", "deployments.apps"),
    ("create", "jobs.batch"),
    ("create", "rolebindings.rbac.authorization.k8s.io"),
    ("escalate", "roles.rbac.authorization.k8s.io"),
    ("patch", "flinkdeployments.flink.apache.org"),
    ("deletecollection", "pods"),
    ("list", "nodes"),
]
# What every account may, by Kubernetes' own bindings: ask what it may, and read which interfaces there are.
EVERYONE = {
    "selfsubjectaccessreviews.authorization.k8s.io",
    "selfsubjectrulesreviews.authorization.k8s.io",
    "selfsubjectreviews.authentication.k8s.io",
}


def namespace_of(overlay: str) -> str:
    return str(of_kind(manifests(overlay), "Namespace")[0]["metadata"]["name"])


def can_i(cluster: Cluster, overlay: str, account: str, *question: str) -> str:
    namespace = namespace_of(overlay)
    user = f"--as=system:serviceaccount:{namespace}:{account}"
    done = cluster.kubectl("auth", "can-i", *question, "-n", namespace, user)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_flink_may_do_what_it_does(cluster: Cluster) -> None:
    for account, resources in ALLOWED.items():
        for resource, verbs in resources.items():
            name, _, part = resource.partition("/")
            sub = [f"--subresource={part}"] if part else []
            for verb in sorted(verbs):
                answer = can_i(cluster, "overlays/prod", account, verb, name, *sub)
                assert answer.strip() == "yes", f"{account}: {verb} {resource}: {answer}"


@pytest.mark.parametrize("account", ALLOWED)
def test_nobody_may_do_more(cluster: Cluster, account: str) -> None:
    def asked(question: tuple[str, str]) -> str:
        verb, resource = question
        name, _, part = resource.partition("/")
        return can_i(cluster, "overlays/prod", account, verb, name, *([f"--subresource={part}"] if part else []))

    with ThreadPoolExecutor() as pool:  # each is a process of its own
        answers = dict(zip(DENIED, pool.map(asked, DENIED), strict=True))
    assert {question for question, answer in answers.items() if answer.strip() != "no"} == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("account", ALLOWED)
def test_the_list_of_permissions_is_this_one(cluster: Cluster, overlay: str, account: str) -> None:
    # Resources, non-resource addresses, resource names, verbs.
    rows = re.findall(r"^(\S+) +\[\] +\[\] +\[([^]]*)\]$", can_i(cluster, overlay, account, "--list"), re.MULTILINE)
    found = {resource: set(verbs.split()) for resource, verbs in rows if resource not in EVERYONE}
    assert found == ALLOWED[account]


def test_an_account_of_another_namespace_may_nothing(cluster: Cluster) -> None:
    user = f"--as=system:serviceaccount:{namespace_of('overlays/dev')}:flink-jobmanager"
    done = cluster.kubectl("auth", "can-i", "create", "pods", "-n", namespace_of("overlays/prod"), user)
    assert done.stdout.strip() == "no"
