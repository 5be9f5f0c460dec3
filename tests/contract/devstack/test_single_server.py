"""What needs no more than Redis to be seen: external addresses, failures, two devstacks, the commands."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from clickstream.errors import ConfigurationError, UnavailableError
from devstack import supervisor
from devstack.processes import ProcessId, members, wait_gone
from devstack.stack import Stack

pytestmark = pytest.mark.stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "first")
    try:
        yield stack
    finally:
        stack.down()
        assert members(stack.layout.root) == []


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "second")
    try:
        yield stack
    finally:
        stack.down()
        assert members(stack.layout.root) == []


def states(stack: Stack) -> dict[str, str]:
    return {status.name: status.state for status in stack.status()}


def test_two_devstacks_side_by_side_keep_apart(stack: Stack, other: Stack) -> None:
    stack.up(only=["redis"], environment={})
    other.up(only=["redis"], environment={})
    first, second = (each.environment()["CLICKSTREAM_REDIS_URL"] for each in (stack, other))
    with redis.Redis.from_url(first) as one, redis.Redis.from_url(second) as two:
        one.set("here", 1)
        assert two.get("here") is None
    other.down()
    with redis.Redis.from_url(first) as one:
        assert one.get("here") == b"1"


def test_an_external_server_is_checked_not_started(stack: Stack, other: Stack) -> None:
    other.up(only=["redis"], environment={})
    external = {"CLICKSTREAM_REDIS_URL": other.environment()["CLICKSTREAM_REDIS_URL"]}
    stack.up(only=["redis"], environment=external)
    assert states(stack)["redis"] == "external"
    assert stack.environment()["CLICKSTREAM_REDIS_URL"] == external["CLICKSTREAM_REDIS_URL"]
    with pytest.raises(ConfigurationError, match="external"):
        stack.kill("redis")
    other.down()
    assert states(stack)["redis"] == "unreachable"


def test_an_external_server_that_is_not_there_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devstack.readiness.EXTERNAL_SECONDS", 0.2)
    with pytest.raises(UnavailableError, match=r"CLICKSTREAM_REDIS_URL makes redis external.*or unset"):
        stack.up(only=["redis"], environment={"CLICKSTREAM_REDIS_URL": "redis://127.0.0.1:1/0"})
    assert not stack.layout.root.exists()


def test_an_up_that_fails_leaves_nothing_running_and_its_logs(stack: Stack) -> None:
    stack.layout.make()
    broken = stack.layout.data("redis") / "appendonly.aof"
    broken.parent.mkdir()
    broken.write_bytes(b"this is no append-only file\n" * 100)
    with pytest.raises(UnavailableError, match=r"(?s)redis ended 3 times.*What had been started is stopped again"):
        stack.up(only=["redis"], environment={})
    assert members(stack.layout.root) == []
    assert "Bad file format" in stack.log("redis")[0].read_text()


def test_an_up_that_names_nothing_known_makes_no_folder(stack: Stack) -> None:
    with pytest.raises(ConfigurationError, match="no server is called 'nonsense'"):
        stack.up(only=["nonsense"], environment={})
    assert not stack.layout.root.exists()


def test_an_up_that_fails_leaves_alone_what_ran_before(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.up(only=["redis"], environment={})
    before = stack.pids("redis")
    monkeypatch.setattr("devstack.stack.await_ready", _unavailable)
    with pytest.raises(UnavailableError, match="not ready"):
        stack.up(only=["redis"], environment={})
    assert stack.pids("redis") == before


def _unavailable(*_: object) -> None:
    raise UnavailableError("not ready")


def test_a_server_that_cannot_run_is_given_up_with_its_log_and_tried_anew(stack: Stack) -> None:
    stack.up(only=["redis"], environment={})
    stack.stop("redis")
    broken = stack.layout.data("redis") / "appendonly.aof"
    kept = broken.read_bytes()
    broken.write_bytes(b"this is no append-only file\n" * 100)
    with pytest.raises(UnavailableError, match=r"(?s)redis ended 3 times.*redis\.log:.*Bad file format"):
        stack.start("redis", timeout=30)
    broken.write_bytes(kept)
    stack.up(only=["redis"], environment={})
    assert states(stack)["redis"] == "ready"


def test_a_process_with_the_pid_of_a_record_is_not_taken_for_the_server(stack: Stack) -> None:
    stack.up(only=["redis"], environment={})
    record = stack._record("redis")
    stack.down()
    # After a reboot the pid may be anybody's: here it is this test's own, which must survive what follows.
    replace(record, pid=os.getpid(), started=1).save(stack.layout.record("redis"))
    stack.up(only=["redis"], environment={})
    assert stack.pids("redis") != [os.getpid()]
    assert states(stack)["redis"] == "ready"


def test_down_ends_what_a_killed_supervisor_has_left_running(stack: Stack) -> None:
    stack.up(only=["redis"], environment={})
    (pid,) = stack.pids("redis")
    killed = supervisor.running(stack.layout)
    assert killed is not None
    killed.send(signal.SIGKILL)
    assert wait_gone([killed], 5) == []
    assert ProcessId.of(pid), "its servers live on"
    stack.down()
    assert ProcessId.of(pid) is None


def test_up_replaces_what_a_killed_supervisor_has_left_without_a_record(stack: Stack) -> None:
    stack.up(only=["redis"], environment={})
    (pid,) = stack.pids("redis")
    stray, killed = ProcessId.of(pid), supervisor.running(stack.layout)
    assert stray
    assert killed
    assert pid in stack.members(), "found by its environment, which Redis would write over"
    killed.send(signal.SIGKILL)
    assert wait_gone([killed], 5) == []
    stack.layout.record("redis").unlink()
    stack.up(only=["redis"], environment={})
    assert not stray.alive
    assert states(stack)["redis"] == "ready"


def test_the_commands(stack: Stack) -> None:
    def clickstream(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLICKSTREAM_")}
        return subprocess.run(
            [Path(sys.executable).with_name("clickstream"), *arguments],
            env={**environment, "CLICKSTREAM_DEVSTACK_DIR": str(stack.layout.root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    empty = clickstream("env")
    assert (empty.returncode, empty.stdout) == (1, "")
    assert "run clickstream up" in empty.stderr
    for arguments in (["status"], ["down"], ["start", "redis"], ["stop", "redis"], ["logs", "redis"]):
        told = clickstream(*arguments)
        assert f"there is no devstack in {stack.layout.root}: `clickstream up` makes one" in told.stdout + told.stderr
        assert "CLICKSTREAM_DEVSTACK_DIR names another" in told.stdout + told.stderr
    assert not stack.layout.root.exists()

    assert clickstream("up", "--only", "redis").returncode == 0
    exported = clickstream("env").stdout
    evaluated = subprocess.run(
        ["sh", "-c", f'{exported}\nprintf %s "$CLICKSTREAM_REDIS_URL"'], capture_output=True, text=True, check=True
    )
    with redis.Redis.from_url(evaluated.stdout) as client:
        assert client.ping()

    shown = clickstream("status").stdout
    assert f"Devstack in {stack.layout.root}" in shown
    assert "ready" in shown
    assert stack.plan.password not in shown
    assert "Ready to accept connections" in clickstream("logs", "redis").stdout
    unknown = clickstream("stop", "nonsense")
    assert unknown.returncode == 1
    assert "no server is called 'nonsense'" in unknown.stderr
    assert "supervisor" in clickstream("logs", "nonsense").stderr
    assert "Stopped redis: `clickstream start redis` starts it again" in clickstream("stop", "redis").stdout
    assert "redis did not run" in clickstream("stop", "redis").stdout
    assert "✓ redis" in clickstream("start", "redis").stdout
    assert "✓ redis" in clickstream("restart", "redis").stdout
    assert clickstream("down").stdout == f"Stopped redis; data stay in {stack.layout.root}\n"
    assert clickstream("down").stdout == f"Nothing ran in {stack.layout.root}\n"
    assert members(stack.layout.root) == []
