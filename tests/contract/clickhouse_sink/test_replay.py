"""Dead letters back into the shipped table, on the real engine."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from clickstream.clock import SystemClock
from clickstream.config.clickhouse import ClickHouseSettings
from clickstream.config.kafka import Source
from clickstream.errors import UnavailableError
from clickstream.migrate import migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL, DeadLetterReason
from clickstream.retry import RetryPolicy
from devstack.clickhouse.faults import FaultProxy, Mode
from sinks.clickhouse.rows import BehaviorRows, Records
from sinks.clickhouse.writer import Writer
from sinks.dead_letters import DeadLetter, DeadLetterFiles, decode_dead_letter, encode, kept
from sinks.dead_letters.progress import Passed, job_is_stopped
from sinks.dead_letters.replay import Replay, Replayed, alone_in
from tests.contract.clickhouse_sink.batches import config
from tests.contract.clickhouse_sink.engine import ROOT, Database

pytestmark = pytest.mark.net

NOW = int(time.time()) * 1000  # the shipped table forgets old days
EPOCH = 7
HORIZON = 30 * 60_000
ATTEMPTS = 2


@pytest.fixture
def shipped(database: Database) -> Database:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    return database


def letter(offset: int, event_id: str, at: int = NOW, partition: int = 0) -> bytes:
    event = {
        "event_id": event_id,
        "tenant_id": "t",
        "scenario_id": "s",
        "user_id": "u",
        "action_type": "pageview",
        "timestamp": at,
    }
    return encode(
        DeadLetter(
            reason=DeadLetterReason.UNAVAILABLE,
            code=0,
            message="no server",
            attempts=8,
            shard=0,
            node="",
            table=TABLE_BEHAVIORS_LOCAL,
            epoch=EPOCH,
            partition=partition,
            offset=offset,
            kafka_topic="user-behaviors",
            kafka_partition=partition,
            kafka_offset=offset,
            record_ms=at,
            failed_at=datetime.fromtimestamp(NOW / 1000, UTC),
            **kept(msgspec.json.encode(event)),
        )
    )


def keep(folder: Path, *letters: bytes) -> None:
    files = DeadLetterFiles(folder, 1 << 20, SystemClock())
    files.append(letters)
    files.close()


def replay(
    database: Database, folder: Path, passed: Passed = job_is_stopped, duplicate_ms: int = HORIZON, url: str = ""
) -> Replayed:
    policy = RetryPolicy(ATTEMPTS, 0.01, 0.02, 0)
    with Writer(config(url or database.url(), table=TABLE_BEHAVIORS_LOCAL, policy=policy)) as writer:
        files = DeadLetterFiles(folder, 1 << 20, SystemClock())
        work = Replay(
            folder,
            TABLE_BEHAVIORS_LOCAL,
            lambda _, epoch: BehaviorRows(Source.ODS, epoch),
            writer,
            SystemClock(),
            passed=passed,
            duplicate_ms=duplicate_ms,
        )
        try:
            return work.run(files)
        finally:
            files.close()


def stored(database: Database) -> list[dict[str, object]]:
    return database.rows(f"SELECT event_id, toInt64(_offset) AS at FROM {TABLE_BEHAVIORS_LOCAL} ORDER BY at")


def test_a_letter_whose_duplicate_was_stored_after_a_restart_is_not_put_back(shipped: Database, tmp_path: Path) -> None:
    keep(tmp_path, letter(2, "e-1"))
    assert replay(shipped, tmp_path).restored == 1
    keep(tmp_path, letter(1, "e-1"), letter(3, "e-3"))
    done = replay(shipped, tmp_path)
    assert (done.restored, done.duplicates) == (1, 1)
    assert stored(shipped) == [{"event_id": "e-1", "at": 2}, {"event_id": "e-3", "at": 3}]


def test_of_letters_with_one_id_the_first_is_put_back(shipped: Database, tmp_path: Path) -> None:
    keep(tmp_path, letter(1, "e-1"), letter(2, "e-1"))
    done = replay(shipped, tmp_path)
    assert (done.restored, done.duplicates) == (1, 1)
    assert stored(shipped) == [{"event_id": "e-1", "at": 1}]
    assert replay(shipped, tmp_path).letters == 0


@pytest.mark.parametrize(("minutes", "duplicates"), [(30, 1), (31, 0), (-30, 1), (-31, 0)])
def test_an_id_drops_a_letter_within_the_horizon_only(
    shipped: Database, tmp_path: Path, minutes: int, duplicates: int
) -> None:
    at = NOW - 120 * 60_000
    keep(tmp_path, letter(1, "e-1", at))
    assert replay(shipped, tmp_path).restored == 1
    keep(tmp_path, letter(2, "e-1", at + minutes * 60_000))
    assert replay(shipped, tmp_path).duplicates == duplicates
    assert len(stored(shipped)) == 2 - duplicates


def test_letters_with_one_id_beyond_the_horizon_are_put_back_both(shipped: Database, tmp_path: Path) -> None:
    keep(tmp_path, letter(1, "e-1", NOW - 31 * 60_000), letter(2, "e-1"))
    done = replay(shipped, tmp_path)
    assert (done.restored, done.duplicates) == (2, 0)


def test_the_same_id_in_another_partition_drops_no_letter(shipped: Database, tmp_path: Path) -> None:
    # The job remembers ids by partition: it would have stored each of these.
    keep(tmp_path, letter(1, "e-1", partition=1))
    assert replay(shipped, tmp_path).restored == 1
    keep(tmp_path, letter(1, "e-1"), letter(2, "e-2", partition=1), letter(2, "e-2"), letter(3, "e-1", partition=1))
    done = replay(shipped, tmp_path)
    assert (done.restored, done.duplicates) == (3, 1)
    assert [row["at"] for row in stored(shipped)] == [1, 1, 2, 2]


def test_where_duplicates_are_kept_letters_are_too(shipped: Database, tmp_path: Path) -> None:
    keep(tmp_path, letter(1, "e-1"))
    replay(shipped, tmp_path)
    keep(tmp_path, letter(2, "e-1"), letter(3, "e-1"))
    done = replay(shipped, tmp_path, duplicate_ms=0)
    assert (done.restored, done.duplicates) == (2, 0)


def test_when_no_server_takes_a_batch_the_next_ones_do_not_wait_for_it_again(
    shipped: Database, make_proxy: Callable[[Database], FaultProxy], tmp_path: Path
) -> None:
    keep(tmp_path, letter(1, "e-1"))
    keep(tmp_path, letter(2, "e-2"))
    files = {path: path.read_bytes() for path in tmp_path.glob("dt=*/*")}
    assert len(files) == 2
    proxy = make_proxy(shipped)
    proxy.set(Mode.ERROR, inserts_only=True)
    done = replay(shipped, tmp_path, url=shipped.url(proxy.url))
    assert (done.letters, done.unavailable, done.restored) == (2, 2, 0)
    assert proxy.seen[Mode.ERROR] == ATTEMPTS
    assert {path: path.read_bytes() for path in tmp_path.glob("dt=*/*")} == files
    assert replay(shipped, tmp_path).restored == 2


def test_a_second_replay_of_the_same_folder_is_refused_and_changes_nothing(shipped: Database, tmp_path: Path) -> None:
    keep(tmp_path, letter(1, "e-1"))
    with alone_in(tmp_path), pytest.raises(UnavailableError, match="another replay is at work"):
        replay(shipped, tmp_path)
    assert stored(shipped) == []
    assert replay(shipped, tmp_path).restored == 1


@pytest.mark.parametrize("checkpoint", [0, 3, 5])
def test_beside_a_job_that_restarts_at_that_moment_nothing_is_doubled(
    shipped: Database, tmp_path: Path, checkpoint: int
) -> None:
    letters = [letter(offset, f"e-{offset}") for offset in range(5)]
    keep(tmp_path, *letters)
    with Writer(config(shipped.url(), table=TABLE_BEHAVIORS_LOCAL)) as job:
        # The job has come back to its checkpoint, and has asked the table for what it read again.
        again = records_of(letters[checkpoint:])
        rows = BehaviorRows(Source.ODS, EPOCH).rows(again).batch
        if len(rows):
            assert not np.any(job.sort(rows.positions, again.partitions))
        done = replay(shipped, tmp_path, lambda letter: letter.kafka_offset < checkpoint)
        assert (done.letters, done.restored, done.waiting) == (5, checkpoint, 5 - checkpoint)
        job.write(rows)
    assert [row["at"] for row in stored(shipped)] == [0, 1, 2, 3, 4]
    done = replay(shipped, tmp_path)
    assert (done.letters, done.held, done.restored) == ((5, 5, 0) if checkpoint < 5 else (0, 0, 0))
    assert len(stored(shipped)) == 5


def records_of(letters: list[bytes]) -> Records:
    decoded = [decode_dead_letter(line) for line in letters]
    return Records(
        [each.value for each in decoded],
        np.array([each.kafka_partition for each in decoded], dtype=np.int64),
        np.array([each.kafka_offset for each in decoded], dtype=np.int64),
        np.array([each.record_ms for each in decoded], dtype=np.int64),
    )


def test_a_worker_waits_for_inserts_that_a_dead_one_left_running(database: Database) -> None:
    settings = config(database.url())
    running = "clickstream-t-left-behind"
    slow = threading.Thread(
        target=database.query,
        args=(
            "INSERT INTO t SELECT number, today(), 'k', '', 0, 'a', 1, 0, number FROM numbers(3) WHERE NOT sleep(2)",
        ),
        kwargs={"query_id": running},
    )
    slow.start()
    deadline = time.monotonic() + 30
    while not database.rows(f"SELECT 1 AS found FROM system.processes WHERE query_id = '{running}'"):
        assert time.monotonic() < deadline, "the insert did not begin"
    with Writer(settings):
        assert database.numbers("SELECT n FROM t ORDER BY n") == [0, 1, 2], "open() came back before the insert's end"
    slow.join()
