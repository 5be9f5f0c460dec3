"""Dead letters back into the table, each exactly once however often this runs.

Positions are looked up first: what the table holds by now is done. What the job may yet write itself waits. What
the server refuses again is written to a new file before its old one is put away. While no server takes a row, its file
stays as it is.
"""

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from clickstream.clock import Clock
from clickstream.errors import UnavailableError
from clickstream.names import DeadLetterReason
from sinks.clickhouse.batch import DeadRow, Mask, Positions
from sinks.clickhouse.rows import Records, RowFormat, Rows
from sinks.clickhouse.writer import Writer
from sinks.dead_letters.duplicates import near_a_stored_one, near_an_earlier_one
from sinks.dead_letters.files import DeadLetterFiles
from sinks.dead_letters.progress import Passed
from sinks.dead_letters.reader import Found, Unreadable, dead_letter_files, read_file, retire
from sinks.dead_letters.record import DeadLetter, encode

BATCH = 10_000
Position = tuple[int, int, int]


@dataclass(slots=True)
class Replayed:
    """What a replay met and did. Letters with equal positions count once."""

    letters: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    elsewhere: Counter[str] = field(default_factory=Counter)  # letters meant for other tables, by table
    reasons: Counter[str] = field(default_factory=Counter)
    waiting: int = 0  # a restart of the job may bring their records again: left alone
    held: int = 0  # in the table already
    duplicates: int = 0  # within the horizon the table has the same id at another position, or an earlier letter has
    restored: int = 0
    refused: int = 0  # again: they are kept
    unavailable: int = 0  # no server took them: their files are left as they were


class Replay:
    """Works a dead-letter folder off, beside jobs that may still write to it."""

    def __init__(  # noqa: PLR0913 - each is another part of the replay
        self,
        directory: Path,
        table: str,
        row_format: Callable[[str, int], RowFormat],
        writer: Writer,
        clock: Clock,
        *,
        passed: Passed,
        duplicate_ms: int,
    ) -> None:
        """Nothing is read yet.

        Args:
            directory: the folder.
            table: only letters that were meant for this table are touched.
            row_format: gives the format for a Kafka topic and an epoch.
            writer: open, for that table.
            clock: dates what is refused again.
            passed: what the job cannot write any more; other letters are left alone.
            duplicate_ms: the job's horizon: rows with one id are duplicates within this time; 0: none are looked for.
        """
        self._directory = directory
        self._table = table
        self._row_format = row_format
        self._writer = writer
        self._clock = clock
        self._passed = passed
        self._duplicate_ms = duplicate_ms
        self._down = False  # the last batch found no server for any of its rows: the next ones would wait for nothing

    def look(self) -> Replayed:
        """Count what there is and what the table holds of it. Changes nothing."""
        result = Replayed()
        seen: set[Position] = set()
        for path in dead_letter_files(self._directory):
            for letters in _batches(self._ours(read_file(path), result, seen)):
                result.held += int(self._held(letters).sum())
        return result

    def run(self, files: DeadLetterFiles) -> Replayed:
        """Put back what can be. `files` takes what is refused again: it must write to the same folder.

        Raises:
            UnavailableError: another replay works on the folder; nothing was done.
        """
        result = Replayed()
        seen: set[Position] = set()
        with alone_in(self._directory):
            for path in dead_letter_files(self._directory):
                self._replay_file(path, files, result, seen)
        return result

    def _replay_file(self, path: Path, files: DeadLetterFiles, result: Replayed, seen: set[Position]) -> None:
        end = 0
        while True:  # a job may append while we are at it
            found: list[Found | Unreadable] = list(read_file(path, end))
            complete = [each for each in found if not (isinstance(each, Unreadable) and each.torn)]
            unavailable, left = result.unavailable, _left(result)
            again: list[DeadLetter] = []
            for letters in _batches(self._ours(found, result, seen)):
                again += self._replay(letters, result)
            files.append([encode(letter) for letter in again])
            end = found[-1].end if found else end
            kept = _left(result) > left or len(complete) < len(found)
            if result.unavailable > unavailable or kept or retire(path, end):
                return

    def _ours(self, found: Iterable[Found | Unreadable], result: Replayed, seen: set[Position]) -> Iterable[DeadLetter]:
        for each in found:
            if isinstance(each, Unreadable):
                result.unreadable.append(each)
                continue
            letter = each.letter
            if letter.table != self._table:
                result.elsewhere[letter.table] += 1
                continue
            position = (letter.epoch, letter.partition, letter.offset)
            if position not in seen:
                seen.add(position)
                result.letters += 1
                # No code: no server has spoken, for none was reached.
                result.reasons[f"{letter.reason}, code {letter.code}" if letter.code else str(letter.reason)] += 1
                if self._passed(letter):
                    yield letter
                else:
                    result.waiting += 1

    def _held(self, letters: list[DeadLetter]) -> Mask:
        positions = Positions.of(
            [letter.epoch for letter in letters],
            [letter.partition for letter in letters],
            [letter.offset for letter in letters],
        )
        return self._writer.run(self._writer.lookups.present(positions))

    def _replay(self, letters: list[DeadLetter], result: Replayed) -> list[DeadLetter]:
        held = self._held(letters)
        result.held += int(held.sum())
        again: list[DeadLetter] = []
        groups: dict[tuple[str, int], list[DeadLetter]] = {}
        for letter, there in zip(letters, held.tolist(), strict=True):
            if not there:
                groups.setdefault((letter.kafka_topic, letter.epoch), []).append(letter)
        for (topic, epoch), group in groups.items():
            again += self._write(self._row_format(topic, epoch), group, result)
        return again

    def _write(self, row_format: RowFormat, letters: list[DeadLetter], result: Replayed) -> list[DeadLetter]:
        if self._down:
            result.unavailable += len(letters)
            return []
        records = Records(
            values=[letter.value for letter in letters],
            partitions=np.asarray([letter.partition for letter in letters], dtype=np.int64),
            offsets=np.asarray([letter.offset for letter in letters], dtype=np.int64),
            timestamps=np.asarray([letter.record_ms for letter in letters], dtype=np.int64),
        )
        rows = row_format.rows(records)
        repeated = self._repeated(row_format, rows)
        result.duplicates += int(repeated.sum())
        report = self._writer.write(rows.batch.where(~repeated))
        result.restored += report.written + report.found
        refused = [dead for dead in report.dead if dead.reason is not DeadLetterReason.UNAVAILABLE]
        unavailable = len(report.dead) - len(refused)
        self._down = unavailable > 0 and not report.written + report.found
        result.unavailable += unavailable
        result.refused += len(refused) + len(rows.rejected)
        return [self._dated(letters[dead.index], dead) for dead in refused] + [
            letters[index] for index, _ in rows.rejected
        ]

    def _repeated(self, row_format: RowFormat, rows: Rows) -> Mask:
        """Rows whose id is stored already: a restart forgets the ids of dead letters, and a duplicate went in since.

        As in the job, only what lies in the same partition and within the horizon of a row is its duplicate.
        """
        horizon, id_column, time_column = self._duplicate_ms, row_format.id_column, row_format.time_column
        repeated = np.zeros(len(rows.batch), dtype=np.bool_)
        if not horizon or rows.ids is None or id_column is None or time_column is None:
            return repeated
        lookups = self._writer.lookups
        for epoch, partition, indices in rows.batch.positions.streams():
            ids, times = rows.ids[indices], rows.times[indices]
            oldest, newest = int(times.min()) - horizon, int(times.max()) + horizon
            stored = self._writer.run(lookups.held_ids(id_column, time_column, (epoch, partition), ids, oldest, newest))
            repeated[indices] = near_a_stored_one(ids, times, *stored, horizon) | near_an_earlier_one(
                ids, times, horizon
            )
        return repeated

    def _dated(self, letter: DeadLetter, dead: DeadRow) -> DeadLetter:
        """The letter as of this failure."""
        fields = {name: getattr(letter, name) for name in letter.__struct_fields__}
        fields.update(
            reason=dead.reason,
            code=dead.code,
            message=dead.message,
            attempts=letter.attempts + dead.attempts,
            shard=dead.shard,
            node=dead.node,
            failed_at=datetime.fromtimestamp(self._clock.now(), UTC),
        )
        return DeadLetter(**fields)


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Hold the folder's lock against other replays, in this process or any other.

    Raises:
        UnavailableError: another replay holds it.
    """
    descriptor = os.open(directory / ".replay.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UnavailableError(
            f"another replay is at work in {directory}: two at once would put rows back twice. Wait for its end"
        ) from None
    finally:
        os.close(descriptor)


def _left(result: Replayed) -> int:
    """Lines that stay where they are, whatever the servers say."""
    return sum(result.elsewhere.values()) + len(result.unreadable) + result.waiting


def _batches(letters: Iterable[DeadLetter]) -> Iterable[list[DeadLetter]]:
    iterator = iter(letters)
    while batch := list(islice(iterator, BATCH)):
        yield batch
