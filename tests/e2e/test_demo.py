"""The demo, as a newcomer runs it: on live traffic, with books that must balance whatever happens to the servers."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from devstack.demo.checkpoints import Checkpoints
from devstack.demo.job import running
from devstack.processes import ProcessId, members
from devstack.stack import Stack
from tests.kit.commands import clickstream
from tests.kit.flink import submit
from tests.kit.kafka import Topics
from tests.kit.servers import REPOSITORY, Servers, own_environment
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
CLICKSTREAM = str(Path(sys.executable).parent / "clickstream")
SINK, JOIN = "ClickHouseSink", "DimensionJoin"
GIB = 1 << 30


class Demo:
    """A demo that runs. What it prints goes to a file, so a line of figures comes every five seconds."""

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str) -> None:
        self._log = log
        # As a shell's background job, with SIGINT ignored: the harder of the two cases.
        shell = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*shell, CLICKSTREAM, "demo", *options],
                env=dict(environment),
                cwd=REPOSITORY,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def interrupt(self) -> None:
        """Ctrl-C, as a terminal tells of it: the demo, and what it has started in its group."""
        os.killpg(self.process.pid, signal.SIGINT)

    @property
    def text(self) -> str:
        """All that it has printed."""
        return self._log.read_text()

    def wait_said(self, pattern: str, seconds: float = 300) -> re.Match[str]:
        """Wait until it has printed something."""

        def said() -> re.Match[str] | None:
            assert self.process.poll() is None, self.text
            return re.search(pattern, self.text)

        found = wait_for(said, seconds, lambda: f"the demo says {pattern!r}; it said:\n{self.text}", pause=0.3)
        assert found is not None
        return found

    def figures(self, what: str) -> list[int]:
        """A figure, as it went on in the live lines."""
        return [int(number.replace(",", "")) for number in re.findall(rf"  {what} ([\d,]+)", self.text)]

    def end(self, seconds: float = 300) -> int:
        """Wait until it has ended; its exit status."""
        return self.process.wait(timeout=seconds)


@contextmanager
def demo(environment: Mapping[str, str], log: Path, *options: str) -> Iterator[Demo]:
    """A demo, killed where it has not ended."""
    started = Demo(environment, log, *options)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait()


@pytest.fixture
def environment(servers: Servers) -> dict[str, str]:
    """That of somebody whose servers run already: the demo leaves them running."""
    return {**own_environment(), "CLICKSTREAM_DEVSTACK_DIR": str(servers.stack.layout.root), "COLUMNS": "200"}


def number(text: str, what: str) -> tuple[int, int]:
    """(expected, found) in the table of the books."""
    found = re.search(rf"│\s*{re.escape(what)}[^│]*│\s*([\d,]+)\s*│\s*([\d,]+)\s*│", text)
    assert found, f"no line for {what} in:\n{text}"
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def check_books(text: str, *more: str) -> None:
    """All that was sent is accounted for, and there was something of each kind."""
    whats = (
        "records sent",
        "valid events: rows + dead letters",
        "rejected",
        "duplicates removed",
        "dead letters",
        "missing",
        "accepted by the collector",
        *more,
    )
    found = {what: number(text, what) for what in whats}
    for what, (expected, counted) in found.items():
        assert expected == counted, f"{what}:\n{text}"
        assert counted > 0 or what in {"dead letters", "missing"}, what
    sent, rows, rejected, duplicates = (found[what][1] for what in whats[:4])
    assert rows + rejected + duplicates == sent
    last = text.rstrip().splitlines()[-1]
    expected_line = (
        f"{sent:,} sent = {rows:,} rows + {rejected:,} rejected + {duplicates:,} duplicates + 0 dead letters"
    )
    assert last == f"Balanced: {expected_line}"


def signs_in(text: str) -> None:
    """The address of the dashboard that was printed lets its reader in, to the tenants of the traffic."""
    found = re.search(r"dashboard (http\S+)/sign-in#token=(\S+)", text)
    assert found, text
    with httpx.Client(base_url=found[1], timeout=30) as browser:
        assert browser.get("/").status_code == 200, "the page is built and served"
        assert browser.post("/sign-in", json={"token": found[2]}).status_code == 204
        tenants = browser.get("/api/v1/analytics/session").json()["tenants"]
        assert [tenant["tenant_id"] for tenant in tenants] == ["aurora", "borealis", "cascade"]
        for tenant in tenants:
            choices = browser.get("/api/v1/analytics/choices", params={"tenant_id": tenant["tenant_id"]}).json()
            assert "home" in [place["scenario_id"] for place in choices["scenarios"]]
        pipeline = browser.get("/api/v1/analytics/pipeline", params={"tenant_id": "aurora"}).json()
        assert (pipeline["flink_away"], pipeline["kafka_away"]) == (None, None)
        assert [(job["name"], job["state"]) for job in pipeline["jobs"]] == [(SINK, "running")]
        records = {topic["kind"]: topic["records"] for topic in pipeline["topics"]}
        assert records["behaviors"] > records["rejected"] > 0
        assert records["dead_letters"] == 0


def memory(environment: Mapping[str, str]) -> int:
    """Bytes of all servers, jobs and services together, as `clickstream status` prints them."""
    found = re.search(r"Memory in all.*: ([\d,]+) MiB", clickstream(environment, "status"))
    assert found
    return int(found[1].replace(",", "")) << 20


def never_falls(figures: list[int]) -> bool:
    return figures == sorted(figures)


def test_servers_go_away_and_come_back_while_the_demo_goes_on(
    environment: dict[str, str], servers: Servers, tmp_path: Path
) -> None:
    stack = servers.stack
    with demo(environment, tmp_path / "demo.log", "--rate", "300", "--jobs", "sink,join") as shown:
        shown.wait_said(r"  rows [1-9]")
        for name in ("kafka", "clickhouse-2"):
            stack.stop(name)
            shown.wait_said(f"AWAY: {name} stopped since", 60)
            stack.start(name)
            shown.wait_said(f"{name} is back after", 120)
        stack.kill("taskmanager")
        shown.wait_said("taskmanager (is back after|ended and was started again)", 120)
        checkpoints = Checkpoints(stack.layout)
        for job in (JOIN, SINK):
            wait_for(lambda job=job: checkpoints.latest(job, "dwd"), 120, f"a checkpoint of {job}")  # type: ignore[misc]
        stack.kill("jobmanager")
        for job in (JOIN, SINK):
            shown.wait_said(f"does not know {job} any more(.*\n)*.*{job} goes on at chk-", 300)
        shown.wait_said(f"does not know {SINK} any more(.*\n)*.*join running.*  sink running", 120)
        shown.interrupt()
        assert shown.end() == 0, shown.text
        assert "Ctrl-C: no more traffic" in shown.text
        assert not [each for each in members(stack.layout.root, "demo-traffic") if each.alive], "the generator ended"
        check_books(shown.text, "joined events")
        for figure in ("sent", "rows", "rejected", "duplicates"):
            assert never_falls(shown.figures(figure)), f"{figure}: {shown.figures(figure)}"
    for job in (SINK, JOIN):
        wait_for(lambda job=job: not running(servers.rest, job), 60, "the demo's jobs have ended")  # type: ignore[misc]
    assert all(seen.state == "ready" for seen in stack.status()), "servers that ran before stay"


def test_every_job_beside_what_was_sent_and_submitted_by_hand(
    environment: dict[str, str], servers: Servers, tmp_path: Path
) -> None:
    servers.stack.up(timeout=240)
    by_hand = {**own_environment(), **servers.stack.environment()}
    for command in (["migrate"], ["generate", "--events", "100000"]):
        subprocess.run([CLICKSTREAM, *command], env=by_hand, check=True, capture_output=True)
    sink = submit(servers.rest, REPOSITORY / "pyflink_jobs" / "clickhouse_sink.py", by_hand, parallelism=1)
    try:
        with demo(environment, tmp_path / "demo.log", "--rate", "300", "--seconds", "12") as shown:
            shown.wait_said(r"  sent [1-9]", 600)
            assert memory(environment) < 10 * GIB
            assert shown.end(600) == 0, shown.text
            text = shown.text
        assert f"Flink's web UI: {servers.rest}" in text
        assert f"{SINK} runs already, submitted by somebody else" in text
        last_wait = re.search("records on their way to ClickHouse|Every record has arrived", text)
        assert last_wait, "the wait for the last records is not silent"
        check_books(text, "joined events", "Redis = SQL: hot", "Redis = SQL: live metrics", "Redis = SQL: recent items")
        assert number(text, "records sent")[1] < 100_000, "what was there before is not counted"
        assert re.search("Redis, aurora/home: hottest p-.* impressions", text), "what a recommender is told"
        assert re.search(r"shop http://127\.0\.0\.1:\d+: click", text), "its address is printed"
        assert sink.tasks_running(), "a job of somebody else's goes on"
    finally:
        sink.cancel()
    wait_for(lambda: not running(servers.rest, JOIN), 60, "the demo's jobs have ended")


def test_from_nothing_with_a_port_taken_until_the_terminal_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "devstack"
    environment = {**own_environment(), "CLICKSTREAM_DEVSTACK_DIR": str(root), "COLUMNS": "200"}
    squatter = socket.socket()
    with contextlib.suppress(OSError):  # it is taken already: all the better
        squatter.bind(("127.0.0.1", 9092))
        squatter.listen()
    try:
        with squatter, demo(environment, tmp_path / "demo.log", "--rate", "300", "--jobs", "sink") as shown:
            shown.wait_said(r"  rows [1-9].*  rejected [1-9].*  duplicates [1-9]")
            assert re.search(r"9092 -> \d+ \(kafka\)", shown.text), shown.text
            signs_in(shown.text)
            assert memory(environment) < 6 * GIB
            shown.process.send_signal(signal.SIGHUP)
            assert shown.end() == 0, shown.text
            check_books(shown.text)
        assert members(root) == [], "it has stopped what it has started"
    finally:
        Stack(root).down()


SENDER = """
import os, sys
from pathlib import Path
from devstack.demo.traffic import Traffic
traffic = Traffic(Path(sys.argv[1]), dict(os.environ), Path(sys.argv[2]), rate=100.0, seconds=None)
print(traffic.pid, flush=True)
sys.stdin.read()
"""


def test_the_generator_ends_with_a_demo_that_is_killed_and_down_finds_it(servers: Servers, tmp_path: Path) -> None:
    with contextlib.closing(Topics(servers.bootstrap)) as topics:
        topic = f"demo-{tmp_path.name}"
        topics.make({topic: 1})
        sender = subprocess.Popen(
            [sys.executable, "-c", SENDER, str(tmp_path), str(tmp_path / "answers.json")],
            env={**own_environment(), **servers.environment, "CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS": topic},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert sender.stdout is not None
            generator = ProcessId.of(int(sender.stdout.readline()))
            assert generator is not None
            wait_for(lambda: topics.size(topic), 60, "it sends")
            assert members(tmp_path) == [generator], "`clickstream down` ends what members() finds"
            sender.kill()
            wait_for(lambda: not generator.alive, 10, "the generator ends with it")
        finally:
            sender.kill()
            sender.communicate()
