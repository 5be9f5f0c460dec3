"""`clickstream replay-dlq` as its user meets it."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.clock import SystemClock
from clickstream.config import KafkaSettings
from clickstream.config.clickhouse import ClickHouseSettings
from clickstream.epoch import current_epoch
from clickstream.migrate import migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL, DeadLetterReason
from devstack.clickhouse.faults import FaultProxy, Mode
from devstack.stack import Stack
from sinks.dead_letters import DeadLetter, DeadLetterFiles, encode, kept
from tests.contract.clickhouse_sink.engine import ROOT, Database
from tests.kit.kafka import Topics
from tests.kit.servers import own_environment

pytestmark = pytest.mark.net


def replay(
    folder: Path, urls: str, *options: str, kafka: str = "127.0.0.1:9", **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("clickstream"), "replay-dlq", *options],
        env={
            **own_environment(),
            "CLICKSTREAM_CLICKHOUSE_URLS": urls,
            "CLICKSTREAM_KAFKA_BOOTSTRAP": kafka,
            "CLICKSTREAM_DEAD_LETTER_DIR": str(folder),
            "COLUMNS": "200",
            **settings,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=90,  # it used to wait for ever
    )


def keep_one(folder: Path, epoch: int = 7, offset: int = 1) -> None:
    now = int(time.time() * 1000)
    event = (
        b'{"event_id":"e-1","tenant_id":"t","scenario_id":"s","user_id":"u","action_type":"pageview","timestamp":%d}'
        % now
    )
    letter = DeadLetter(
        reason=DeadLetterReason.UNAVAILABLE,
        code=0,
        message="no server",
        attempts=8,
        shard=0,
        node="",
        table=TABLE_BEHAVIORS_LOCAL,
        epoch=epoch,
        partition=0,
        offset=offset,
        kafka_topic="user-behaviors",
        kafka_partition=0,
        kafka_offset=offset,
        record_ms=now,
        failed_at=datetime.now(UTC),
        **kept(event),
    )
    files = DeadLetterFiles(folder, 1 << 20, SystemClock())
    files.append([encode(letter)])
    files.close()


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_without_clickhouse_it_ends_with_one_line_and_every_letter_stays(tmp_path: Path, options: tuple[str]) -> None:
    keep_one(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("dt=*/*")}
    done = replay(tmp_path, "http://default:@127.0.0.1:9/default", *options)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("clickstream: ClickHouse at http://127.0.0.1:9 does not answer (connection failed")
    assert line.endswith("(`clickstream status` shows the devstack's servers)")
    assert {path: path.read_bytes() for path in tmp_path.glob("dt=*/*")} == before


def test_a_folder_without_letters_is_said_to_be_empty(tmp_path: Path) -> None:
    done = replay(tmp_path, "http://default:@127.0.0.1:9/default")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"No dead letters in {tmp_path}\n", "")


def test_without_kafka_nothing_is_put_back_beside_a_job_that_may_run(database: Database, tmp_path: Path) -> None:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    keep_one(tmp_path)
    done = replay(tmp_path, database.url())
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("clickstream: Kafka at 127.0.0.1:9 does not answer")
    assert line.endswith("add --job-stopped")
    assert database.numbers(f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL}") == [0]


def test_a_letter_is_shown_with_its_reason_and_put_back(database: Database, tmp_path: Path) -> None:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    keep_one(tmp_path)
    shown = replay(tmp_path, database.url(), "--dry-run", "--job-stopped")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "unavailable " in shown.stdout
    assert "code 0" not in shown.stdout
    assert database.numbers(f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL}") == [0]
    done = replay(tmp_path, database.url(), "--job-stopped")
    assert done.returncode == 0
    assert re.findall(r"rows in the table (before|after)\D+(\d+)", done.stdout) == [("before", "0"), ("after", "1")]
    assert database.numbers(f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL}") == [1]
    assert replay(tmp_path, database.url()).stdout == f"No dead letters in {tmp_path}\n"


def test_where_the_job_keeps_duplicates_a_letter_whose_id_is_stored_is_put_back(
    database: Database, tmp_path: Path
) -> None:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    for offset in (1, 2):
        keep_one(tmp_path, offset=offset)
        done = replay(tmp_path, database.url(), "--job-stopped", CLICKSTREAM_EVENTS_DUPLICATE_SECONDS="0")
        assert (done.returncode, done.stderr) == (0, "")
    assert database.numbers(f"SELECT _offset FROM {TABLE_BEHAVIORS_LOCAL} ORDER BY _offset") == [1, 2]


def test_rows_without_a_key_are_not_spread_by_it(tmp_path: Path) -> None:
    shards = "http://default:@127.0.0.1:9/default;http://default:@127.0.0.1:19/default"
    keep_one(tmp_path)
    done = replay(tmp_path, shards, "--json", CLICKSTREAM_SINK_ROUTING="sharding_key_hash")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("clickstream: routing sharding_key_hash sends each row to the shard of its key, but no key")


@pytest.mark.parametrize("policy", ["block", "dead_letter"])
def test_while_rows_are_refused_it_ends_and_every_letter_stays(
    database: Database, make_proxy: Callable[[Database], FaultProxy], tmp_path: Path, policy: str
) -> None:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    keep_one(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("dt=*/*")}
    proxy = make_proxy(database)
    proxy.set(Mode.ERROR, inserts_only=True)
    done = replay(tmp_path, database.url(proxy.url), "--job-stopped", CLICKSTREAM_SINK_ON_EXHAUSTED=policy)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("clickstream: 1 dead letters found no server that takes them")
    assert {path: path.read_bytes() for path in tmp_path.glob("dt=*/*")} == before


@pytest.mark.stack
def test_a_broker_that_never_had_a_consumer_group_says_that_nothing_is_passed(
    database: Database, tmp_path: Path
) -> None:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    stack = Stack(tmp_path / "fresh")
    try:
        stack.up(only=["kafka"], environment={})
        kafka = stack.environment()["CLICKSTREAM_KAFKA_BOOTSTRAP"]
        Topics(kafka).make({"user-behaviors": 2})
        letters = tmp_path / "letters"
        keep_one(letters, current_epoch(KafkaSettings(bootstrap=kafka), "user-behaviors"))
        done = replay(letters, database.url(), "--wait", "0", kafka=kafka)
    finally:
        stack.down()
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 letters wait for a checkpoint of the job" in done.stdout
    assert database.numbers(f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL}") == [0]
