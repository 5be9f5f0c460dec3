"""The whole devstack on real servers, in the order of one life: up, no-op, faults, down. One stack serves all tests."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomysql
import psutil
import pymongo
import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from devstack import supervisor
from devstack.processes import members
from devstack.servers.mariadb import connect
from devstack.services import SERVICES
from devstack.stack import Stack
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack

SERVERS = ("kafka", "clickhouse-1", "redis", "mysql", "mongo", "jobmanager", "taskmanager")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, from nothing, with Kafka's usual port taken by a stranger."""
    stack = Stack(tmp_path_factory.mktemp("devstack"))
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            stranger.bind(("127.0.0.1", 9092))
            stranger.listen()
        except OSError:
            pass  # somebody else has it already, which is the same to us
        try:
            stack.up(environment={})
            yield stack
        finally:
            stack.down()
            assert members(stack.layout.root) == []


def address(stack: Stack, service: str) -> str:
    return stack.environment()[SERVICES[service].variable]


def pid(stack: Stack, name: str) -> int:
    (found,) = stack.pids(name)
    return found


def killed_and_back(stack: Stack, name: str, seconds: float) -> None:
    (old,) = stack.kill(name)

    def back() -> bool:
        found = {status.name: status for status in stack.status()}[name]
        return found.state == "ready" and found.pid != old

    wait_for(back, seconds, f"{name} is ready again")


def test_every_server_is_ready_and_every_address_known(stack: Stack) -> None:
    assert {status.name: status.state for status in stack.status()} == dict.fromkeys(SERVERS, "ready")
    environment = stack.environment()
    started = (service for service in SERVICES.values() if not service.on_request)
    assert {service.variable for service in started} <= environment.keys()
    assert environment["CLICKSTREAM_DEAD_LETTER_DIR"] == str(stack.layout.dead_letters)


def test_a_taken_port_is_replaced_by_another_one(stack: Stack) -> None:
    assert not address(stack, "kafka").endswith(":9092")


def test_a_second_up_changes_nothing_and_is_quick(stack: Stack) -> None:
    before = {name: stack.pids(name) for name in SERVERS}
    started = time.monotonic()
    # With the addresses of `clickstream env` in the environment: our own servers do not become external by that.
    stack.up(environment=stack.environment())
    assert time.monotonic() - started < 3
    assert {name: stack.pids(name) for name in SERVERS} == before
    assert "external" not in {status.state for status in stack.status()}


def test_kafka_keeps_its_records(stack: Stack) -> None:
    servers: dict[str, str | int | float | bool] = {"bootstrap.servers": address(stack, "kafka")}
    admin = AdminClient(servers)
    admin.create_topics([NewTopic("kept", 1)])["kept"].result(10)
    producer = Producer(servers)
    producer.produce("kept", b"value")
    assert producer.flush(10) == 0
    killed_and_back(stack, "kafka", 30)
    consumer = Consumer({**servers, "group.id": "kept"})
    try:
        consumer.assign([TopicPartition("kept", 0, 0)])
        message = consumer.poll(10)
        assert message is not None
        assert message.error() is None
        assert message.value() == b"value"
    finally:
        consumer.close()


def test_what_is_killed_and_started_at_once_keeps_its_port(stack: Stack) -> None:
    before = address(stack, "kafka"), address(stack, "redis")
    for _ in range(2):
        for name in ("kafka", "redis"):
            stack.kill(name)
            stack.start(name)
    assert (address(stack, "kafka"), address(stack, "redis")) == before


def test_redis_keeps_its_keys(stack: Stack) -> None:
    with redis.Redis.from_url(address(stack, "redis")) as client:
        client.set("kept", "value")
    killed_and_back(stack, "redis", 10)
    with redis.Redis.from_url(address(stack, "redis")) as client:
        assert client.get("kept") == b"value"


def test_redis_wants_the_password(stack: Stack) -> None:
    port = int(address(stack, "redis").rpartition(":")[2].partition("/")[0])
    with redis.Redis(port=port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


async def test_mysql_keeps_its_rows(stack: Stack) -> None:
    async with connect(address(stack, "mysql")) as connection, connection.cursor() as cursor:
        await cursor.execute("CREATE TABLE kept (name VARCHAR(20) PRIMARY KEY)")
        await cursor.execute("INSERT INTO kept VALUES ('größe')")
        await connection.commit()
    killed_and_back(stack, "mysql", 30)
    async with connect(address(stack, "mysql")) as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT name FROM kept")
        assert await cursor.fetchall() == (("größe",),)


async def test_mysql_wants_the_password(stack: Stack) -> None:
    with pytest.raises(aiomysql.OperationalError, match="Access denied"):
        async with connect(address(stack, "mysql").replace(stack.plan.password, "wrong")):
            pass


def test_mongo_keeps_its_documents(stack: Stack) -> None:
    def mongo() -> pymongo.MongoClient[dict[str, Any]]:
        return pymongo.MongoClient(address(stack, "mongo"))

    with mongo() as client:
        client["clickstream"]["kept"].insert_one({"_id": 1, "name": "value"})
    killed_and_back(stack, "mongo", 20)
    with mongo() as client:
        assert client["clickstream"]["kept"].find_one({"_id": 1}) == {"_id": 1, "name": "value"}


def test_clickhouse_keeps_its_rows(stack: Stack) -> None:
    query(stack, "CREATE TABLE kept (n UInt32) ENGINE = MergeTree ORDER BY n")
    query(stack, "INSERT INTO kept SELECT number FROM numbers(1000)")
    killed_and_back(stack, "clickhouse-1", 20)
    assert query(stack, "SELECT count(), sum(n) FROM kept FORMAT TSV") == "1000\t499500"


def query(stack: Stack, statement: str) -> str:
    server = f"http://127.0.0.1:{stack.plan.ports['clickhouse-1']}/"
    headers = {"X-ClickHouse-User": "clickstream", "X-ClickHouse-Key": stack.plan.password}
    request = urllib.request.Request(server, data=statement.encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode().strip())


def test_a_server_stopped_on_purpose_stays_stopped_until_it_is_started(stack: Stack) -> None:
    stack.stop("redis")
    assert stack.pids("redis") == []
    # The supervisor has seen a later change of the plan, so it would have started Redis by now if it wanted to.
    stack.restart("mongo")
    assert {status.name: status.state for status in stack.status()}["redis"] == "stopped"
    stack.start("redis")
    assert {status.name: status.state for status in stack.status()}["redis"] == "ready"


def test_the_next_supervisor_takes_over_what_a_killed_one_left(stack: Stack) -> None:
    before = {name: stack.pids(name) for name in SERVERS}
    process = supervisor.running(stack.layout)
    assert process is not None
    process.send(signal.SIGKILL)
    wait_for(lambda: not process.alive, 5, "the supervisor is gone")
    stack.up(environment={})
    assert {name: stack.pids(name) for name in SERVERS} == before
    # And watches what it did not start itself.
    killed_and_back(stack, "redis", 10)


def test_a_killed_taskmanager_is_back_within_15_s_and_its_job_goes_on(stack: Stack) -> None:
    job = Path(__file__).with_name("stuck_job.py")
    flink = ["flink", "run", "-d", "-py", str(job)]
    environment = {**os.environ, **stack.environment()}
    submitted = subprocess.run(flink, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr

    # Its Python workers hang in user code for an hour: `down` has to find them, below.
    def workers() -> set[int]:
        return {found for found in stack.members() if "pyflink.fn_execution" in " ".join(command(found))}

    before = wait_for(workers, 30, "the job has a Python worker")
    killed_and_back(stack, "taskmanager", 15)
    wait_for(lambda: workers() - before, 30, "the job has a Python worker in the new TaskManager")
    with urllib.request.urlopen(address(stack, "flink") + "/jobs/overview", timeout=5) as answer:
        assert [entry["state"] for entry in json.load(answer)["jobs"]] == ["RUNNING"]


def command(found: int) -> list[str]:
    try:
        return psutil.Process(found).cmdline()
    except psutil.NoSuchProcess:
        return []


def test_down_leaves_nothing_and_up_finds_the_same_addresses(stack: Stack) -> None:
    before = stack.environment()
    orphan = subprocess.Popen(
        ["setsid", "--fork", "sleep", "600"],
        env={**os.environ, **psutil.Process(pid(stack, "taskmanager")).environ()},
    )
    assert orphan.wait(5) == 0
    wait_for(lambda: [found for found in stack.members() if "sleep" in command(found)], 5, "the orphan runs")
    stack.down()
    assert members(stack.layout.root) == []
    stack.down()
    assert {status.state for status in stack.status()} == {"stopped"}
    stack.up(only=["redis"], environment={})
    assert stack.environment() == before
    assert {status.name for status in stack.status() if status.state == "ready"} == {"redis"}
