"""`clickstream replay-dlq` as its user meets it."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.clock import SystemClock
from clickstream.config.clickhouse import ClickHouseSettings
from clickstream.migrate import migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL, DeadLetterReason
from sinks.dead_letters import DeadLetter, DeadLetterFiles, encode, kept
from tests.contract.clickhouse_sink.engine import ROOT, Database
from tests.kit.servers import own_environment

pytestmark = pytest.mark.net


def replay(folder: Path, urls: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("clickstream"), "replay-dlq", *options],
        env={
            **own_environment(),
            "CLICKSTREAM_CLICKHOUSE_URLS": urls,
            "CLICKSTREAM_KAFKA_BOOTSTRAP": "127.0.0.1:9",
            "CLICKSTREAM_DEAD_LETTER_DIR": str(folder),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=90,  # it used to wait for ever
    )


def keep_one(folder: Path) -> None:
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
        epoch=7,
        partition=0,
        offset=1,
        kafka_topic="user-behaviors",
        kafka_partition=0,
        kafka_offset=1,
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
    assert replay(tmp_path, database.url(), "--job-stopped").returncode == 0
    assert database.numbers(f"SELECT count() FROM {TABLE_BEHAVIORS_LOCAL}") == [1]
    assert replay(tmp_path, database.url()).stdout == f"No dead letters in {tmp_path}\n"
