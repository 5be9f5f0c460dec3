"""A real kube-apiserver on a real etcd, without nodes and controllers: what it stores is judged, nothing runs."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.deploy.rendering import tool
from tests.kit.ports import free_port
from tests.kit.waiting import wait_for

HOST = "127.0.0.1"
AUDIT = "audit.log"
# Calls of pods' accounts, once they are answered; of watches, which are answered when they end, once they begin.
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}


@dataclass(frozen=True)
class Cluster:
    """The running API server.

    Attributes:
        kubeconfig: a configuration of kubectl with all rights on it.
        folder: its logs, that of the calls too.
        port: of its address.
    """

    kubeconfig: Path
    folder: Path
    port: int

    def kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl, and let it fail."""
        return subprocess.run(
            [tool("kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; what it printed."""
        done = self.kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def of_account(self, namespace: str, account: str) -> Path:
        """A configuration with a token of a ServiceAccount, as its pods have one."""
        token = self.run("create", "token", account, "-n", namespace).strip()
        return _kubeconfig(self.folder, self.port, token, f"{namespace}-{account}")

    def calls(self, namespace: str, account: str) -> set[tuple[str, str, bool]]:
        """What a ServiceAccount has asked for so far: verb, resource, whether it was allowed."""
        found = set()
        for line in (self.folder / AUDIT).read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["user"]["username"] == f"system:serviceaccount:{namespace}:{account}":
                about = event["objectRef"]
                resource = ".".join(filter(None, (about["resource"], about.get("apiGroup"))))
                found.add((event["verb"], resource, event["responseStatus"]["code"] != 403))
        return found


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Start both, wait until the API answers, and stop them at the end."""
    etcd_client, etcd_peer, port = free_port(), free_port(), free_port()
    key = folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n", encoding="utf-8")
    (folder / "policy.json").write_text(json.dumps(POLICY), encoding="utf-8")
    with ExitStack() as stack:
        _start(
            stack,
            folder / "etcd.log",
            [
                tool("etcd"),
                f"--data-dir={folder / 'etcd'}",
                "--unsafe-no-fsync",
                f"--listen-client-urls=http://{HOST}:{etcd_client}",
                f"--advertise-client-urls=http://{HOST}:{etcd_client}",
                f"--listen-peer-urls=http://{HOST}:{etcd_peer}",
            ],
        )
        server = _start(
            stack,
            folder / "kube-apiserver.log",
            [
                tool("kube-apiserver"),
                f"--etcd-servers=http://{HOST}:{etcd_client}",
                f"--bind-address={HOST}",
                f"--advertise-address={HOST}",
                f"--secure-port={port}",
                f"--cert-dir={folder / 'certificates'}",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--authorization-mode=RBAC",
                # As on OpenShift: who makes a pod that blocks the deletion of its owner must be allowed to.
                "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
                f"--audit-policy-file={folder / 'policy.json'}",
                f"--audit-log-path={folder / AUDIT}",
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={key}",
                f"--service-account-signing-key-file={key}",
            ],
        )
        cluster = Cluster(_kubeconfig(folder, port, token, "admin"), folder, port)

        def ready() -> bool:
            said = (folder / "kube-apiserver.log").read_text(encoding="utf-8")[-3000:]
            assert server.poll() is None, f"kube-apiserver ended: {said}"
            return cluster.kubectl("get", "--raw=/readyz").returncode == 0

        wait_for(ready, 120, lambda: f"kube-apiserver answers; its log is {folder / 'kube-apiserver.log'}", pause=0.5)
        yield cluster


def _start(stack: ExitStack, log: Path, command: list[str | Path]) -> subprocess.Popen[bytes]:
    output: IO[bytes] = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def stop() -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()  # nothing here is worth a graceful end: kube-apiserver waits a minute for open watches
            process.wait()

    stack.callback(stop)
    return process


def _kubeconfig(folder: Path, port: int, token: str, name: str) -> Path:
    path = folder / f"{name}.kubeconfig"
    path.write_text(
        f"""\
apiVersion: v1
kind: Config
clusters:
  - name: test
    cluster:
      server: https://{HOST}:{port}
      certificate-authority: {folder / "certificates" / "apiserver.crt"}
users:
  - name: admin
    user:
      token: {token}
contexts:
  - name: test
    context: {{cluster: test, user: admin}}
current-context: test
""",
        encoding="utf-8",
    )
    return path
