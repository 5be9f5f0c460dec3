"""The service as an operator starts it."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.contract.analytics.service import Client
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.commands import clickstream
from tests.kit.ports import free_port
from tests.kit.servers import own_environment
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("stored")]


def test_a_token_and_the_service_by_command(clickhouse: ServerProcess, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "tokens.yaml"
    options = ("--file", str(file), "--name", "shop", "--tenant", "aurora", "--role", "read", "--days", "1")
    token = clickstream(own_environment(), "token", *options).strip()
    port = free_port()
    environment = own_environment() | {
        "CLICKSTREAM_CLICKHOUSE_URLS": f"{clickhouse.url}/shop",
        "CLICKSTREAM_ANALYTICS_TOKENS_FILE": str(file),
        "CLICKSTREAM_ANALYTICS_PORT": str(port),
    }
    command = [str(Path(sys.executable).parent / "clickstream"), "analytics"]
    process = subprocess.Popen(command, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:

        def ready() -> bool:
            assert process.poll() is None, "the service ended by itself"
            try:
                return httpx.get(f"{address}/readyz", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        wait_for(ready, 60, "the service is ready")
        period = {"start_time": "2026-01-01", "end_time": "2026-01-02"}
        with Client(address, token) as asker:
            assert asker.get("trend", **period) == client.get("trend", tenant_id="aurora", **period)
            assert asker.refused("hot", scenario_id="home")[0] == 503  # no Redis was named
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def test_a_wrong_role_is_told(tmp_path: Path) -> None:
    program = str(Path(sys.executable).parent / "clickstream")
    command = [program, "token", "--file", str(tmp_path / "t"), "--name", "x", "--tenant", "a", "--role", "king"]
    done = subprocess.run(command, env=own_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "read, admin, erase" in done.stderr
    assert not (tmp_path / "t").exists()
