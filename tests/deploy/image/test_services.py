"""The services as deploy/k8s renders them, out of the installed image: migrated, probed, and asked."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.image import installed
from tests.deploy.image.containers import Machine, main_container, named
from tests.deploy.image.installed import Image
from tests.deploy.image.probes import HOST, answers, probes
from tests.deploy.rendering import manifests
from tests.kit.collector import TENANT
from tests.kit.join import JoinPipeline
from tests.kit.pipeline import Pipeline
from tests.kit.ports import free_port
from tests.kit.redis import RedisProcess
from tests.kit.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

OVERLAY = "overlays/dev"
CONFIGURATION = "/etc/clickstream"


@pytest.mark.parametrize(
    "image", [installed.like_services, pytest.param(installed.services, marks=pytest.mark.full)], ids=["like", "made"]
)
def test_the_rendered_services_migrate_answer_their_probes_and_do_their_work(
    image: Callable[[], Image], pipeline: Pipeline, tmp_path: Path
) -> None:
    machine = Machine(image(), tmp_path / "volumes")
    before = machine.image.files()
    stack = pipeline.servers.stack
    stack.up(only=("mongo",), timeout=120)
    redis_folder = tmp_path / "redis"
    redis_folder.mkdir()
    with closing(JoinPipeline(pipeline)) as join, RedisProcess(redis_folder) as redis:
        secrets = {
            # One shard: more of them need a cluster in ClickHouse's own settings.
            "clickstream-clickhouse": {"CLICKSTREAM_CLICKHOUSE_URLS": pipeline.urls.split(";")[0]},
            "clickstream-mysql": {"CLICKSTREAM_MYSQL_URL": join.url},
            "clickstream-redis": {"CLICKSTREAM_REDIS_URL": redis.url},
            "clickstream-mongo": {
                "CLICKSTREAM_MONGO_URL": pipeline.servers.stack.environment()["CLICKSTREAM_MONGO_URL"]
            },
        }
        pods = Pods(machine, pipeline, secrets)
        pods.migrates_an_empty_database()
        pods.collector_takes_events()
        pods.analytics_answers_who_has_a_token()
    assert machine.image.files() == before, "a container may not write to its image"


class Pods:
    """The containers of the overlay, on a pipeline's servers."""

    def __init__(self, machine: Machine, pipeline: Pipeline, secrets: Mapping[str, Mapping[str, str]]) -> None:
        self._machine, self._pipeline, self._secrets = machine, pipeline, secrets
        self._manifests = manifests(OVERLAY)

    def migrates_an_empty_database(self) -> None:
        """The Job, which ends by itself."""
        first = self._pipeline.nodes.clients[0]
        first.command(f"DROP DATABASE {self._pipeline.name} SYNC")
        container = main_container(named(self._manifests, "Job", "migrate"))
        done = subprocess.run(
            self._machine.command(container),
            env=self._environment(container),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert first.query("SELECT count() FROM user_behaviors").result_rows == [(0,)]

    def collector_takes_events(self) -> None:
        """With the file that `clickstream write-key` makes; what it acknowledges is in the topic."""
        made = self._machine.image.run("clickstream", "write-key", TENANT)
        assert made.returncode == 0, made.stderr
        key = made.stderr.split()[-1]
        self._file("collector", "collector.yaml", made.stdout)
        with self._running("collector", "COLLECTOR") as url:
            said = {"user_id": "u1", "scenario_id": "home", "item_id": "i1", "action_type": "click"}
            event = said | {"timestamp": int(time.time() * 1000)}
            answer = httpx.post(f"{url}/api/v1/behaviors", json=[event], headers={"X-Write-Key": key})
            assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
            assert httpx.get(f"{url}/tracker.js").status_code == 200
        assert self._pipeline.topics.size(self._pipeline.behaviors) == 1

    def analytics_answers_who_has_a_token(self) -> None:
        """And nobody else."""
        file = self._file("analytics", "tokens.yaml", "")
        file.unlink()
        made = self._machine.image.run(
            "clickstream", "token", "--file", str(file), "--name", "test", "--tenant", TENANT, "--role", "read"
        )
        assert made.returncode == 0, made.stderr
        with self._running("analytics", "ANALYTICS") as url:
            path = f"{url}/api/v1/analytics/dashboard"
            assert httpx.get(path).status_code == 401
            answer = httpx.get(path, headers={"Authorization": f"Bearer {made.stdout.strip()}"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["overview"]

    def _file(self, deployment: str, name: str, content: str) -> Path:
        """Of the Secret that is mounted as a folder."""
        container = main_container(named(self._manifests, "Deployment", deployment))
        file = Path(self._machine.path(f"{CONFIGURATION}/{name}", container))
        file.write_text(content, encoding="utf-8")
        return file

    def _environment(self, container: Mapping[str, Any]) -> dict[str, str]:
        """The manifest's own, with this test's topics."""
        own = {
            name: value for name, value in self._pipeline.environment().items() if name.startswith("CLICKSTREAM_KAFKA_")
        }
        return self._machine.environment(container, self._manifests, self._secrets) | own

    @contextmanager
    def _running(self, deployment: str, prefix: str) -> Iterator[str]:
        """A Deployment's pod, once all its probes answer; its address. Replaced: the address and ports of the pod."""
        container = main_container(named(self._manifests, "Deployment", deployment))
        ports: dict[str | int, int] = {each["name"]: free_port() for each in container["ports"]}
        own = {f"CLICKSTREAM_{prefix}_HOST": HOST, f"CLICKSTREAM_{prefix}_PORT": str(ports["http"])}
        # Ports that the manifest sets itself.
        names = {str(each["containerPort"]): each["name"] for each in container["ports"]}
        own |= {
            each["name"]: str(ports[names[each["value"]]])
            for each in container["env"]
            if each["name"].endswith("_PORT")
        }
        log = self._machine.folder / f"{deployment}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._machine.command(container),
                env=self._environment(container) | own,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            for probe in probes(container):

                def answered(probe: Mapping[str, Any] = probe) -> bool:
                    assert process.poll() is None, log.read_text()[-3000:]
                    return answers(probe, ports)

                wait_for(answered, 60, lambda probe=probe: f"{deployment}: {probe}: {log.read_text()[-3000:]}")  # type: ignore[misc]
            yield f"http://{HOST}:{ports['http']}"
        finally:
            process.terminate()
            process.wait(60)
        # Once everything is in order uvicorn ends by the signal that asked it to.
        assert process.returncode in (0, -signal.SIGTERM), log.read_text()[-3000:]
