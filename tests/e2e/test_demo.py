"""The demo, as a newcomer runs it: on live traffic, with books that must balance."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.demo.job import running
from tests.kit.servers import REPOSITORY, Servers, own_environment
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack
JOB = "ClickHouseSink"


@pytest.fixture
def environment(servers: Servers) -> dict[str, str]:
    """That of somebody whose servers run already: the demo leaves them running."""
    return {**own_environment(), "CLICKSTREAM_DEVSTACK_DIR": str(servers.stack.layout.root), "COLUMNS": "200"}


def start(environment: dict[str, str], log: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start the demo as a shell's background job, with SIGINT ignored: the harder of the two cases."""
    command = [
        "/bin/sh",
        "-c",
        'trap "" INT; exec "$@"',
        "sh",
        str(Path(sys.executable).parent / "clickstream"),
        "demo",
        "--rate",
        "500",
        *options,
    ]
    with log.open("wb") as output:
        return subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=output, stderr=output)


def number(text: str, what: str) -> tuple[int, int]:
    """(expected, found) in the table of the books."""
    found = re.search(rf"│\s*{what}\s*│\s*([\d,]+)\s*│\s*([\d,]+)\s*│", text)
    assert found, f"no line for {what} in:\n{text}"
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def check_books(text: str) -> None:
    """All that was sent is accounted for, and there was something of each kind."""
    sent, rows = number(text, "records sent")[1], number(text, "rows in ClickHouse")[1]
    rejected, duplicates = number(text, "rejected")[1], number(text, "duplicates removed")[1]
    dead = number(text, "dead letters")[1]
    assert rows + rejected + duplicates + dead == sent
    assert rows > 0
    assert rejected > 0
    for what in ("records sent", "rows in ClickHouse", "rejected", "duplicates removed", "dead letters", "missing"):
        expected, found = number(text, what)
        assert expected == found


def test_a_run_of_some_seconds_ends_by_itself_with_balanced_books(
    environment: dict[str, str], servers: Servers, tmp_path: Path
) -> None:
    log = tmp_path / "demo.log"
    demo = start(environment, log, "--seconds", "12")
    status = demo.wait(timeout=400)
    text = log.read_text()
    assert status == 0, text
    assert servers.rest in text, "the address of the web UI is printed"
    check_books(text)
    wait_for(lambda: running(servers.rest, JOB) is None, 60, "the demo's job has ended")
    assert all(seen.state == "ready" for seen in servers.stack.status()), "servers that ran before stay"


def test_ctrl_c_stops_the_traffic_balances_the_books_and_ends_the_job(
    environment: dict[str, str], servers: Servers, tmp_path: Path
) -> None:
    log = tmp_path / "demo.log"
    demo = start(environment, log)
    try:
        wait_for(lambda: log.read_text().count(" sent ") >= 2, 300, "the demo shows traffic")
        os.kill(demo.pid, signal.SIGINT)
        status = demo.wait(timeout=200)
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    text = log.read_text()
    assert status == 0, text
    assert "Ctrl-C" in text
    check_books(text)
    wait_for(lambda: running(servers.rest, JOB) is None, 60, "the demo's job has ended")
