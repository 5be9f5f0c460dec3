"""docker-compose.yaml: what its schema cannot see. No engine runs it here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from clickstream.config.resolve import known_variables
from devstack.servers.kafka import PROPERTIES
from tests.deploy.image.compose import DOCKER, FILE, example, load, project, variables
from tests.kit.servers import REPOSITORY

TEXT = FILE.read_text(encoding="utf-8")
JOBS = {path.stem for path in (REPOSITORY / "pyflink_jobs").glob("[a-z]*.py")}
OWN = ("clickstream-flink:", "clickstream-services:")


def services() -> dict[str, Any]:
    found: dict[str, Any] = project()["services"]
    return found


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("    restart: unless-stopped", "    restarts: unless-stopped"),
        ("      nofile: {soft: 262144, hard: 262144}", "      nofile: many"),
        ("      - 127.0.0.1:8123:8123", "      - 127.0.0.1:http:8123"),
        ("      - kafka:/var/lib/kafka/data", "      - broker:/var/lib/kafka/data"),
        ("      mysql: {condition: service_healthy}", "      mariadb: {condition: service_healthy}"),
    ],
)
def test_compose_itself_refuses_what_is_broken(tmp_path: Path, line: str, broken: str) -> None:
    assert load(FILE).returncode == 0
    assert line in TEXT
    file = tmp_path / "docker-compose.yaml"
    file.write_text(TEXT.replace(line, broken, 1), encoding="utf-8")
    assert load(file).returncode != 0


def test_every_variable_is_in_the_example_and_in_the_readme_and_has_no_default() -> None:
    found = variables(TEXT)
    assert set(found.values()) == {":?"}
    assert sorted(found) == sorted(example())
    readme = (DOCKER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in found)


def test_images_are_pinned_and_kafka_is_the_one_that_tests_run() -> None:
    for name, service in services().items():
        assert service["image"].startswith(OWN) or re.search(r":v?\d+\.\d+[\w.-]*$", service["image"]), name
    pom = (REPOSITORY / "pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka.version>(.*)</kafka.version>", pom)
    assert version
    assert services()["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_ports_are_those_of_the_readme_on_this_machine_alone() -> None:
    published = [port for service in services().values() for port in service.get("ports") or []]
    assert all(port["host_ip"] == "127.0.0.1" for port in published)
    numbers = [int(port["published"]) for port in published]
    assert len(numbers) == len(set(numbers))
    assert {8003, 8004, 8123, 9000, 3000, 9090} <= set(numbers)
    readme = (DOCKER / "README.md").read_text(encoding="utf-8")
    for number in {*numbers} - {8082, 8083, 8084}:
        assert re.search(rf"\b{number}\b", readme), number


# What depends on the machine: addresses, folders, and how much of everything.
OF_THE_MACHINE = {
    "listeners",
    "advertised.listeners",
    "controller.quorum.voters",
    "log.dirs",
    "listener.security.protocol.map",
    "inter.broker.listener.name",
    "offsets.topic.num.partitions",
    "transaction.state.log.num.partitions",
    "num.recovery.threads.per.data.dir",
    "group.initial.rebalance.delay.ms",
}


def test_kafka_has_the_settings_of_the_broker_that_tests_run() -> None:
    """The image makes x.y of KAFKA_X_Y."""
    ours = dict(line.split("=", 1) for line in PROPERTIES.splitlines() if line and not line.startswith("#"))
    environment = services()["kafka"]["environment"]
    theirs = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in environment.items()}
    assert {name: value for name, value in theirs.items() if name not in OF_THE_MACHINE} == {
        name: value for name, value in ours.items() if name not in OF_THE_MACHINE
    }
    assert theirs["inter.broker.listener.name"] in theirs["listeners"]


def test_clickhouse_may_open_enough_files() -> None:
    assert services()["clickhouse"]["ulimits"]["nofile"] == {"soft": 262144, "hard": 262144}


def test_settings_are_known_ones() -> None:
    for name, service in services().items():
        set_here = {each for each in service.get("environment") or {} if each.startswith("CLICKSTREAM_")}
        assert set_here <= known_variables(), name


def test_every_job_runs_with_a_taskmanager_and_a_state_of_its_own() -> None:
    started = {}
    for name, service in services().items():
        command = service.get("command") or []
        if command[:1] == ["run-job.sh"]:
            started[name] = Path(command[-1])
            assert command[1] == f"/var/lib/flink/{name}"
            assert f"jobmanager.rpc.address={name}" in command
            tasks = services()[f"{name}-tasks"]
            assert tasks["command"] == [
                "taskmanager.sh",
                "start-foreground",
                "-D",
                f"jobmanager.rpc.address={name}",
            ]
            mounts = [(mount["source"], mount["target"]) for mount in tasks["volumes"]]
            assert mounts == [(mount["source"], mount["target"]) for mount in service["volumes"]]
    assert {path.stem for path in started.values()} == JOBS
    assert {str(path.parent) for path in started.values()} == {"/opt/clickstream/pyflink_jobs"}


def test_what_is_mounted_from_the_repository_is_there() -> None:
    made_by_the_reader = {str(DOCKER / "secrets" / name) for name in ("collector.yaml", "tokens.yaml")}
    mounted = {
        mount["source"]
        for service in services().values()
        for mount in service.get("volumes") or []
        if mount["type"] == "bind"
    }
    assert mounted
    assert all(Path(source).exists() for source in mounted), mounted
    assert {secret["file"] for secret in project()["secrets"].values()} == made_by_the_reader


def test_prometheus_scrapes_services_of_the_file() -> None:
    settings = yaml.safe_load((DOCKER / "compose" / "prometheus.yaml").read_text(encoding="utf-8"))
    targets = {
        target.partition(":")[0]
        for job in settings["scrape_configs"]
        for each in job["static_configs"]
        for target in each["targets"]
    }
    flink = {name for name, service in services().items() if service["image"].startswith("clickstream-flink:")}
    assert targets == flink | {"collector", "analytics"}
    for path in settings["rule_files"]:
        assert path in {mount["target"] for mount in services()["prometheus"]["volumes"]}


def test_grafanas_data_sources_are_those_that_dashboards_ask() -> None:
    settings = yaml.safe_load((DOCKER / "compose" / "grafana-datasources.yaml").read_text(encoding="utf-8"))
    offered = {each["type"] for each in settings["datasources"]}
    asked = set()
    for dashboard in (REPOSITORY / "deploy" / "observability" / "dashboards").glob("*.json"):
        variables_of = json.loads(dashboard.read_text(encoding="utf-8"))["templating"]["list"]
        asked |= {each["query"] for each in variables_of if each["type"] == "datasource"}
    assert asked == offered
