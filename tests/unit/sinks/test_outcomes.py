"""What the operator of dead letters hands on, and when."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from clickstream import worker
from clickstream.config import DeadLetterSettings
from sinks.clickhouse.ingest import Outcome, OutcomeKind
from sinks.flink import outcomes
from sinks.flink.outcomes import REJECTED, KeepDeadLetters, pack, unpack

DEAD, BAD = b'{"offset":1}', b'{"offset":2}'


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeepDeadLetters]:
    """Open, outside Flink."""
    monkeypatch.setattr(worker, "begin", lambda: None)  # it would follow a TaskManager
    counters = SimpleNamespace(counter=lambda name: SimpleNamespace(inc=lambda by: None))
    made = KeepDeadLetters(DeadLetterSettings(dir=tmp_path), "job")
    made.open(cast(Any, SimpleNamespace(get_metrics_group=lambda: counters)))
    yield made
    made.close()


def test_a_dead_letter_is_on_disk_before_it_is_handed_on_and_rejects_go_aside(
    operator: KeepDeadLetters, tmp_path: Path
) -> None:
    (packed,) = pack([Outcome(OutcomeKind.REJECTED, BAD), Outcome(OutcomeKind.DEAD_LETTER, DEAD)])
    handed_on = operator.process_element(packed, cast(Any, None))
    assert next(handed_on) == DEAD.decode()
    (file,) = tmp_path.glob("dt=*/*.jsonl")
    assert file.read_bytes() == DEAD + b"\n"
    assert list(handed_on) == [(REJECTED, BAD.decode())]


def test_large_outcomes_are_packed_into_several_elements_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "PACKED_BYTES", 100)
    kinds = (OutcomeKind.REJECTED, OutcomeKind.DEAD_LETTER)
    sent = [Outcome(kinds[number % 2], b'{"n":%d,"x":"%s"}' % (number, b"x" * (number * 7))) for number in range(30)]
    packed = pack(sent)
    assert 1 < len(packed) <= len(sent)
    found = [unpack(each) for each in packed]
    assert [line for rejected, _ in found for line in rejected] == [each.line.decode() for each in sent[::2]]
    assert [line for _, dead in found for line in dead] == [each.line.decode() for each in sent[1::2]]
    assert pack([]) == []
