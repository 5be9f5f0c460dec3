"""A real kube-apiserver on a real etcd, without nodes and controllers: what it stores is judged, nothing runs."""

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


@dataclass(frozen=True)
class Cluster:
    """The running API server and a configuration of kubectl with all rights on it."""

    kubeconfig: Path

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


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Start both, wait until the API answers, and stop them at the end."""
    etcd_client, etcd_peer, port = free_port(), free_port(), free_port()
    key = folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n", encoding="utf-8")
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
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={key}",
                f"--service-account-signing-key-file={key}",
            ],
        )
        cluster = Cluster(_kubeconfig(folder, port, token))

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


def _kubeconfig(folder: Path, port: int, token: str) -> Path:
    path = folder / "kubeconfig"
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
