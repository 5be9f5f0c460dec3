import fcntl
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.clock import ManualClock
from clickstream.errors import StorageError
from clickstream.names import DeadLetterReason
from sinks.dead_letters import (
    DeadLetter,
    DeadLetterFiles,
    Found,
    Unreadable,
    dead_letter_files,
    encode,
    kept,
    read_dead_letters,
    read_file,
    retire,
)
from tests.kit.waiting import wait_for

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
DAY = 24 * 3600


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


def line(offset: int, value: bytes = b"{}") -> bytes:
    letter = DeadLetter(
        reason=DeadLetterReason.UNAVAILABLE,
        code=0,
        message="connection refused",
        attempts=8,
        shard=0,
        node="http://127.0.0.1:8123",
        table="user_behaviors_local",
        epoch=1,
        partition=0,
        offset=offset,
        kafka_topic="user-behaviors",
        kafka_partition=0,
        kafka_offset=offset,
        record_ms=1,
        failed_at=datetime(2026, 3, 1, tzinfo=UTC),
        **kept(value),
    )
    return encode(letter)


def offsets(directory: Path) -> list[int]:
    return [found.letter.offset for found in read_dead_letters(directory) if isinstance(found, Found)]


def test_lines_are_on_disk_after_an_append_in_the_folder_of_the_utc_day(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path, 10_000, clock)
    files.append([line(1), line(2)])
    (path,) = dead_letter_files(tmp_path)
    assert path.parent.name == "dt=2026-03-01"
    assert path.read_bytes() == line(1) + b"\n" + line(2) + b"\n"
    assert offsets(tmp_path) == [1, 2]


def test_nothing_to_append_makes_no_file(tmp_path: Path, clock: ManualClock) -> None:
    DeadLetterFiles(tmp_path, 10_000, clock).append([])
    assert dead_letter_files(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_new_day_begins_a_new_file_in_its_own_folder(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path, 10_000, clock)
    files.append([line(1)])
    clock.advance(DAY / 2)
    files.append([line(2)])
    assert [path.parent.name for path in dead_letter_files(tmp_path)] == ["dt=2026-03-01", "dt=2026-03-02"]
    assert offsets(tmp_path) == [1, 2]


def test_a_file_does_not_grow_beyond_its_size(tmp_path: Path, clock: ManualClock) -> None:
    size = 2 * (len(line(1)) + 1)
    files = DeadLetterFiles(tmp_path, size, clock)
    for offset in range(1, 6):
        files.append([line(offset)])
        clock.advance(1)
    assert [path.stat().st_size for path in dead_letter_files(tmp_path)] == [size, size, size // 2]
    assert offsets(tmp_path) == [1, 2, 3, 4, 5]


def test_an_append_larger_than_a_file_is_not_split(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path, 10, clock)
    files.append([line(1), line(2)])
    assert len(dead_letter_files(tmp_path)) == 1
    assert offsets(tmp_path) == [1, 2]


def test_two_writers_never_share_a_file(tmp_path: Path, clock: ManualClock) -> None:
    first, second = (DeadLetterFiles(tmp_path, 10_000, clock) for _ in range(2))
    first.append([line(1)])
    second.append([line(2)])
    first.append([line(3)])
    assert len(dead_letter_files(tmp_path)) == 2
    assert sorted(offsets(tmp_path)) == [1, 2, 3]


def test_a_writer_whose_file_was_retired_begins_another(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path, 10_000, clock)
    files.append([line(1)])
    (path,) = dead_letter_files(tmp_path)
    assert retire(path, path.stat().st_size)
    files.append([line(2)])
    assert offsets(tmp_path) == [2]
    assert sorted(found.name.endswith(".replayed") for found in path.parent.iterdir()) == [False, True]


def test_a_file_that_grew_since_it_was_read_is_not_retired(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path, 10_000, clock)
    files.append([line(1)])
    (first,) = read_dead_letters(tmp_path)
    files.append([line(2)])
    assert not retire(first.path, first.end)
    (second,) = read_file(first.path, first.end)
    assert isinstance(second, Found)
    assert second.letter.offset == 2
    assert retire(second.path, second.end)
    assert dead_letter_files(tmp_path) == []


def test_a_torn_last_line_is_reported_and_the_lines_before_it_are_read(tmp_path: Path, clock: ManualClock) -> None:
    DeadLetterFiles(tmp_path, 10_000, clock).append([line(1), line(2)])
    (path,) = dead_letter_files(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    clock.advance(1)
    DeadLetterFiles(tmp_path, 10_000, clock).append([line(3)])
    first, torn, third = read_dead_letters(tmp_path)
    assert isinstance(first, Found)
    assert isinstance(torn, Unreadable)
    assert torn.torn
    assert torn.line == 2
    assert torn.path == path
    assert isinstance(third, Found)
    assert third.letter.offset == 3


def test_a_line_that_is_no_dead_letter_is_reported_and_the_next_is_read(tmp_path: Path, clock: ManualClock) -> None:
    DeadLetterFiles(tmp_path, 10_000, clock).append([line(1), b'{"reason":"boredom"}', line(3)])
    first, bad, third = read_dead_letters(tmp_path)
    assert isinstance(first, Found)
    assert isinstance(bad, Unreadable)
    assert not bad.torn
    assert bad.line == 2
    assert isinstance(third, Found)
    assert third.letter.offset == 3


def test_acknowledged_lines_outlive_a_kill(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from clickstream.clock import SystemClock
from sinks.dead_letters import DeadLetterFiles
files = DeadLetterFiles(Path(sys.argv[1]), 1_000_000, SystemClock())
line = sys.stdin.buffer.readline().rstrip(b"\\n")
while True:
    files.append([line])
    print("appended", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(line(7) + b"\n")
        process.stdin.flush()
        acknowledged = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.readlines()
    assert len(offsets(tmp_path)) >= acknowledged.count(b"appended\n") >= 5


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Writes beyond `size` bytes of a file fail with EFBIG: what a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_fails_half_way_leaves_whole_lines_and_the_next_works(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path, 1_000_000, clock)
    files.append([line(1)])
    (path,) = dead_letter_files(tmp_path)
    with file_size_limit(len(line(1)) + 50), pytest.raises(StorageError) as caught:
        files.append([line(2), line(3)])
    assert str(path) in str(caught.value)
    assert "2 dead letters" in str(caught.value)
    assert path.read_bytes() == line(1) + b"\n"
    clock.advance(1)
    files.append([line(4)])
    assert offsets(tmp_path) == [1, 4]


def test_a_folder_that_cannot_be_made_is_an_error_at_once(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="CLICKSTREAM_DEAD_LETTER_DIR") as caught:
        DeadLetterFiles(tmp_path / "file" / "letters", 10_000, clock)
    assert str(tmp_path / "file" / "letters") in str(caught.value)


def test_a_folder_that_cannot_be_written_is_an_error_at_once(clock: ManualClock) -> None:
    with pytest.raises(StorageError, match="/proc/self cannot be used"):  # not even root can make a file there
        DeadLetterFiles(Path("/proc/self"), 10_000, clock)


def test_a_folder_that_vanishes_is_an_error_that_names_it(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path / "letters", 10_000, clock)
    os.rmdir(tmp_path / "letters")
    with pytest.raises(StorageError, match="letters"):
        files.append([line(1)])


def test_the_check_leaves_nothing_behind(tmp_path: Path, clock: ManualClock) -> None:
    DeadLetterFiles(tmp_path / "letters", 10_000, clock)
    assert list((tmp_path / "letters").iterdir()) == []


def test_a_missing_folder_is_an_error_of_the_reader(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no dead-letter folder"):
        list(read_dead_letters(tmp_path / "nowhere"))


def test_lines_are_flushed_to_the_disk_with_the_names_that_lead_to_them(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, int]] = []  # inode and size at that moment
    folders: set[int] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            folders.add(found.st_ino)
        else:
            flushed.append((found.st_ino, found.st_size))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    files = DeadLetterFiles(tmp_path, 10_000, clock)
    files.append([line(1)])
    (path,) = dead_letter_files(tmp_path)
    size = len(line(1)) + 1
    assert (path.stat().st_ino, size) in flushed
    assert {tmp_path.stat().st_ino, path.parent.stat().st_ino} == folders
    files.append([line(2)])
    assert flushed[-1] == (path.stat().st_ino, 2 * size)


def test_an_append_waits_for_whoever_holds_the_files_lock(tmp_path: Path, clock: ManualClock) -> None:
    files = DeadLetterFiles(tmp_path, 10_000, clock)
    files.append([line(1)])
    (path,) = dead_letter_files(tmp_path)
    appending = threading.Thread(target=files.append, args=([line(2)],))
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as a replay does that puts the file away
        appending.start()
        wait_for(lambda: _is_waited_for(path) or not appending.is_alive(), 30, "the append waits or is done")
        assert appending.is_alive(), "it wrote into a file that somebody else has locked"
        path.rename(path.with_suffix(".replayed"))
    appending.join()
    assert path.with_suffix(".replayed").read_bytes() == line(1) + b"\n"
    assert offsets(tmp_path) == [2]


def _is_waited_for(path: Path) -> bool:
    """Whether a process waits for the file's lock: the kernel lists waiters behind an arrow."""
    waiters = [each for each in Path("/proc/locks").read_text().splitlines() if "->" in each]
    return any(each.split()[-3].endswith(f":{path.stat().st_ino}") for each in waiters)
