"""What the runbooks tell to type, typed while the platform works, and as a whole where they are a procedure."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.flink import FINAL, Job
from tests.kit.servers import REPOSITORY
from tests.kit.waiting import wait_for
from tests.observability.platform import SUBMITTED, Platform
from tests.observability.test_documents import DOCUMENTS, OPERATIONS
from tests.observability.told import inline

pytestmark = [pytest.mark.stack, pytest.mark.full]

SINK = "ClickHouseSink"
FILE = "pyflink_jobs/clickhouse_sink.py"


def told(pattern: str) -> list[str]:
    """All inline code that begins so, in all documents, each once."""
    found = (code for document in DOCUMENTS for code in inline(document))
    return sorted({code for code in found if re.match(pattern, code)})


def in_document(name: str, pattern: str) -> list[str]:
    """Inline code of one document that begins so, in its order."""
    found = [code for code in inline(OPERATIONS / name) if re.match(pattern, code)]
    assert found, f"{name} has nothing like {pattern}"
    return found


class Shell:
    """Types commands where the runbooks say they are typed: settings in the environment, placeholders filled in."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        layout = platform.pipeline.servers.stack.layout
        self._environment = platform.environment(SINK) | {"CLICKSTREAM_DEVSTACK_DIR": str(layout.root)}

    def type(self, command: str, **placeholders: str) -> str:
        """What it printed; it must succeed."""
        for name, value in placeholders.items():
            command = re.sub(rf"\b{name}\b", value, command)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            env=self._environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def submit(self, command: str, **placeholders: str) -> None:
        """Type what submits the sink, and wait until it runs."""
        found = SUBMITTED.search(self.type(command, PARALLELISM="1", FILE=FILE, **placeholders))
        assert found, command
        job = self.platform.jobs[SINK] = Job(self.platform.pipeline.servers.rest, found[1])
        job.wait_running()


@pytest.fixture(scope="module")
def shell(platform: Platform) -> Iterator[Shell]:
    yield Shell(platform)


def test_questions_to_clickhouse(platform: Platform) -> None:
    questions = told("SELECT ")
    assert len(questions) > 5
    for question in questions:
        platform.pipeline.nodes.command(question)


def test_questions_to_prometheus(platform: Platform) -> None:
    for question in [*told(r"\w+\(\w+\[\d+m\]\)"), *told(r"clickstream:[\w:]+$")]:
        platform.prometheus.query(question)


def test_addresses_answer(platform: Platform, shell: Shell) -> None:
    stack = platform.pipeline.servers.stack
    node, addresses = platform.pipeline.servers.cluster.nodes[0], stack.environment()
    here = {
        "8003": addresses["CLICKSTREAM_COLLECTOR_URL"],
        "8123": f"http://{node.host}:{node.port}",
        "9249": f"http://127.0.0.1:{stack.plan.ports['flink-jobmanager-metrics']}",
    }
    ports = set()
    for command in told("curl "):
        (port,) = re.findall(r"http://HOST:(\d+)", command)
        ports.add(port)
        if port in here:
            # What is piped on ends before curl does: that is no failure.
            first = command.partition(" | ")[0].replace("curl ", "curl --fail ")
            assert shell.type(first.replace(f"http://HOST:{port}", here[port])), command
    # Analytics does not start on these shards, which are no cluster: with its manifest its probes are asked.
    assert ports == {*here, "8004"}


def test_what_only_looks(shell: Shell) -> None:
    for command in told(r"clickstream (status|settings|env|logs taskmanager|migrate --dry-run|migrate --only kafka)$"):
        assert shell.type(command) or command.endswith("kafka"), command
    assert SINK in shell.type(*in_document("runbooks/job-missing.md", "flink list"))


def test_what_is_picked_out_of_a_container(platform: Platform, shell: Shell, tmp_path: Path) -> None:
    """Logs begin with a line of Flink's script, which is no JSON."""
    error = '{"time": "t", "level": "ERROR", "logger": "l", "job_id": "j", "operator": "o", "message": "m"}'
    (tmp_path / "log").write_text(f'Starting taskexecutor as a console application.\n{{"level": "INFO"}}\n{error}\n')
    found = told(r"kubectl logs \S+ \| jq")
    assert len(found) == 3
    for command in found:
        answer = shell.type(re.sub(r"kubectl logs \S+", f"cat {tmp_path / 'log'}", command))
        assert answer.count("\n") == 1
        assert '"message":"m"' in answer


def test_dead_letters_are_put_back_and_a_lost_job_goes_on(platform: Platform, shell: Shell) -> None:
    """dead-letters.md, then rollback.md, then disaster-recovery.md: after each of them the books are balanced."""
    look, rebuild, replay, again, reconcile = in_document("dead-letters.md", "clickstream (replay|rebuild|reconcile)")
    assert look == again
    platform.stop_traffic()
    sink = platform.jobs[SINK]
    wait_for(lambda: not platform.prometheus.query("clickstream:consumer_lag:records > 0"), 120, "all is read")
    sink.checkpoint()
    assert "refused" in shell.type(look)
    platform.pipeline.nodes.command("ALTER TABLE user_behaviors_local DROP CONSTRAINT no_shares")
    shell.type(rebuild)
    shell.type(replay)
    assert not platform.pipeline.dead_letters(), shell.type(again)
    assert "Balanced" in shell.type(reconcile)

    savepoint = sink.savepoint(platform.pipeline.savepoints)
    (cancel,), (start,), (reconcile,) = (
        in_document("rollback.md", each) for each in ("flink cancel", "flink run", "clickstream reconcile")
    )
    shell.type(cancel, JOB_ID=sink.id)
    wait_for(lambda: sink.state() in FINAL, 60, "the new version has stopped")
    shell.submit(start, SAVEPOINT=savepoint)
    assert platform.jobs[SINK].ask("/checkpoints")["latest"]["restored"]["external_path"] == savepoint
    assert "Balanced" in shell.type(reconcile)

    lost = platform.jobs[SINK]
    lost.checkpoint()
    folder = Path(lost.ask("/checkpoints")["latest"]["completed"]["external_path"].removeprefix("file:")).parent
    assert folder.name == lost.id, "the page says below which folder to look"
    lost.cancel()
    newest = max((each.parent for each in folder.glob("chk-*/_metadata")), key=os.path.getmtime)
    (start,) = in_document("disaster-recovery.md", "flink run")
    shell.submit(start, CHECKPOINT=str(newest))
    assert platform.jobs[SINK].ask("/checkpoints")["latest"]["restored"]["external_path"].endswith(newest.name)
    assert "Balanced" in shell.type(reconcile)
